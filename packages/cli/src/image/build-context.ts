import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { FairleadError } from '@fairlead/base';
import { IgnorePatterns } from '@fairlead/dockerfile';
import { type TarFile, tarEnd, tarHeader, tarPadding } from '@fairlead/registry/tar';

/** What is sent to be built. */
export interface BuildContext {
  readonly archive: AsyncIterable<Uint8Array>;
  /** Path of the Dockerfile in it; `undefined` leaves it to the engine. */
  readonly dockerfile: string | undefined;
}

/** Where a Dockerfile goes that comes from elsewhere than the context. */
const ownName = '.dockerfile.from-standard-input';

/** First bytes of what gzip, bzip2, xz and zstd pack. */
const signatures = ['1f8b08', '425a68', 'fd377a585a00', '28b52ffd'];

/**
 * The files that `fairlead build PATH` sends: those of a directory that its `.dockerignore` leaves in it, an archive on
 * standard input, or a Dockerfile there.
 *
 * @param place a directory, or `-`.
 * @param dockerfile as `-f` gives it: a path, or `-`.
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export async function buildContext(place: string, dockerfile: string | undefined): Promise<BuildContext> {
  if (place === '-') {
    if (dockerfile === '-') throw invalid("can't use stdin for both build context and dockerfile");
    return await fromInput(process.stdin, dockerfile);
  }
  if (/^(https?|git):\/\//.test(place))
    throw invalid(`unable to prepare context: ${place} is not fetched: clone it first`);
  const root = requireDirectory(place);
  const added = dockerfile === '-' ? { name: ownName, content: await text(process.stdin) } : undefined;
  const name = added === undefined ? dockerfileIn(root, dockerfile) : ownName;
  return { archive: packDirectory(root, name ?? 'Dockerfile', added), dockerfile: name };
}

/** The files of a directory as a tar archive, as docker sends them: everything belongs to root. */
export async function* packDirectory(
  root: string,
  dockerfile: string,
  added?: { readonly name: string; readonly content: string },
): AsyncGenerator<Uint8Array> {
  const ignored = new IgnorePatterns(`${readIgnore(root)}\n!.dockerignore\n!${dockerfile}`);
  // Two lines are ours: what they take back needs no look into other directories.
  const looksInside = /^\s*!/m.test(readIgnore(root)) || dockerfile.includes('/');
  for (const path of pathsIn(root, '', ignored, looksInside)) yield* packFile(join(root, path), path);
  if (added !== undefined) yield* packText(added.name, added.content);
  yield tarEnd;
}

function* pathsIn(root: string, folder: string, ignored: IgnorePatterns, looksInside: boolean): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const isOut = ignored.ignores(path);
    if (!isOut) yield path;
    if (entry.isDirectory() && (!isOut || looksInside)) yield* pathsIn(root, path, ignored, looksInside);
  }
}

async function* packFile(place: string, path: string): AsyncGenerator<Uint8Array> {
  const stat = lstatSync(place);
  const file = describe(place, path, stat);
  if (file === undefined) return;
  yield tarHeader(file);
  if (!stat.isFile()) return;
  // As much as the header has said, whatever becomes of the file meanwhile.
  let missing = stat.size;
  if (missing > 0) {
    for await (const piece of createReadStream(place, { end: stat.size - 1 })) {
      missing -= piece.length;
      yield piece;
    }
  }
  if (missing > 0) throw invalid(`${path} has become shorter while it was read`);
  yield tarPadding(stat.size);
}

/** @returns `undefined` for what cannot be sent, such as a socket. */
function describe(place: string, path: string, stat: Stats): TarFile | undefined {
  const name = Buffer.from(path).toString('latin1');
  const attributes = {
    mode: stat.mode & 0o7777,
    uid: 0,
    gid: 0,
    mtime: Math.floor(stat.mtimeMs / 1000),
    major: 0,
    minor: 0,
  };
  if (stat.isDirectory()) return { attributes, name: `${name}/`, type: 'directory' };
  if (stat.isFile()) return { attributes, name, type: 'file', size: stat.size };
  if (stat.isFIFO()) return { attributes, name, type: 'fifo' };
  if (!stat.isSymbolicLink()) return undefined;
  return { attributes, name, type: 'symlink', linkName: Buffer.from(readlinkSync(place)).toString('latin1') };
}

function* packText(name: string, content: string): Generator<Uint8Array> {
  const bytes = Buffer.from(content);
  const attributes = { mode: 0o600, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };
  yield tarHeader({ name, type: 'file', size: bytes.length, attributes });
  yield bytes;
  yield tarPadding(bytes.length);
}

/** An archive is told from a Dockerfile by its first bytes. */
async function fromInput(input: AsyncIterable<Uint8Array>, dockerfile: string | undefined): Promise<BuildContext> {
  const chunks = input[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    if (next.done === true) return { archive: textArchive(head.toString('utf8')), dockerfile: undefined };
    head = Buffer.concat([head, next.value]);
    if (isArchive(head)) return { archive: joined(head, chunks), dockerfile };
    // What is longer than a header and none is text, as long as it may be.
    if (head.length > 1 << 20) throw invalid('standard input is neither an archive nor a Dockerfile');
  }
}

function isArchive(head: Buffer): boolean {
  const hex = head.subarray(0, 6).toString('hex');
  return signatures.some((signature) => hex.startsWith(signature)) || head.toString('latin1', 257, 262) === 'ustar';
}

async function* textArchive(content: string): AsyncGenerator<Uint8Array> {
  yield* packText('Dockerfile', content);
  yield tarEnd;
}

async function* joined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function requireDirectory(place: string): string {
  const root = resolve(place);
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === true) return root;
  throw invalid(`unable to prepare context: path "${place}" not found`);
}

/** A path below the context; without one it is the engine's own choice. */
function dockerfileIn(root: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const place = resolve(dirname(path), path.split('/').at(-1) ?? '');
  const inside = relative(root, place);
  if (inside.startsWith('..')) throw invalid(`the Dockerfile (${path}) must be within the build context`);
  return inside;
}

function readIgnore(root: string): string {
  try {
    return readFileSync(join(root, '.dockerignore'), 'utf8');
  } catch {
    return '';
  }
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
