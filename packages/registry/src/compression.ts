import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { FairleadError } from '@fairlead/base';

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
export function detectCompression(head: Uint8Array): Compression {
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

/**
 * The stream without its compression.
 *
 * @throws FairleadError `not-implemented` for xz and bzip2, which Node cannot read.
 */
export async function decompressed(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { compression, content } = await peekCompression(source);
  if (compression === 'none') return content;
  if (compression !== 'gzip' && compression !== 'zstd') {
    const message = `${compression} compression is not supported: use gzip, zstd or no compression`;
    throw new FairleadError('not-implemented', message);
  }
  const decoder = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  // An error of the source destroys the decoder with it, and so reaches whoever reads.
  pipeline(Readable.from(content, { objectMode: false }), decoder, () => {});
  return decoder;
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
