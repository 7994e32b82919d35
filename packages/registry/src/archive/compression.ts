import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { FairleadError, messageOf } from '@fairlead/base';

/** How a stream is packed, told from its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const signatures: readonly (readonly [compression: Compression, bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

const longestSignature = 6;

/** Tell from the first bytes how a stream is packed. */
function detectCompression(head: Uint8Array): Compression {
  const found = signatures.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte));
  return found?.[0] ?? 'none';
}

/** Look at the first bytes of a stream; `content` still has them. */
export async function peekCompression(
  content: AsyncIterable<Uint8Array>,
): Promise<{ compression: Compression; content: AsyncIterable<Uint8Array> }> {
  const iterator = content[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < longestSignature) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return { compression: detectCompression(head), content: joined(head, iterator) };
}

/** Programs for what Node cannot read, as dockerd uses them; both write to their output what they read. */
const programs: Readonly<Record<'xz' | 'bzip2', readonly string[]>> = {
  xz: ['--decompress', '--stdout', '--quiet'],
  bzip2: ['--decompress', '--stdout', '--quiet'],
};

/**
 * The stream without its compression.
 *
 * @throws FairleadError `not-implemented` for xz and bzip2 where there is no such program, when it is read.
 */
export async function decompressed(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { compression, content } = await peekCompression(source);
  if (compression === 'none') return content;
  if (compression === 'xz' || compression === 'bzip2') return throughProgram(compression, content);
  const decoder = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  // An error of the source destroys the decoder with it, and so reaches whoever reads.
  pipeline(Readable.from(content, { objectMode: false }), decoder, () => {});
  return wellPacked(decoder, compression);
}

/** @throws FairleadError `invalid-argument` for what is not packed as its beginning says. */
async function* wellPacked(decoder: AsyncIterable<Uint8Array>, compression: Compression): AsyncGenerator<Uint8Array> {
  try {
    yield* decoder;
  } catch (error) {
    // Codes of zlib.h and zstd_errors.h; all others are the source's.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^(Z|ZSTD_error)_/.test(code)) throw error;
    throw new FairleadError('invalid-argument', `${compression}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws FairleadError `invalid-argument` for content that the program refuses. */
async function* throughProgram(
  program: 'xz' | 'bzip2',
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const child = spawn(program, programs[program], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  // Awaited at the end; until then a program that is missing must not count as unhandled.
  ended.catch(() => {});
  const complaint = text(child.stderr);
  pipeline(Readable.from(content, { objectMode: false }), child.stdin, () => {});
  try {
    yield* child.stdout;
    const [code] = await ended.catch((error: unknown) => {
      const message = `${program} compression cannot be read: there is no program ${program} on this machine`;
      throw new FairleadError('not-implemented', message, { cause: error });
    });
    if (code !== 0) throw new FairleadError('invalid-argument', `${program}: ${(await complaint).trim()}`);
  } finally {
    child.kill();
  }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
