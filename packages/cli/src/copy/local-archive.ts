import { createWriteStream } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, open, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { FairleadError, hasSystemCode } from '@fairlead/base';
import { type TarEntry, type TarFile, tarEnd, tarEntries, tarHeader, tarPadding } from '@fairlead/registry/tar';

/** Bytes read at once. */
const pieceSize = 256 * 1024;

/**
 * Pack a file or directory of this machine; names are kept byte for byte.
 *
 * @param name of its top in the archive.
 */
export async function* packLocal(path: string, name: string): AsyncGenerator<Uint8Array, void> {
  yield* packTree(oneCharacterPerByte(path), oneCharacterPerByte(name));
  yield tarEnd;
}

/** Pack some of what is in a directory of this machine, each under its own name. */
export async function* packParts(directory: string, names: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const name of names) yield* packTree(oneCharacterPerByte(`${directory}/${name}`), name);
  yield tarEnd;
}

async function* packTree(path: string, name: string): AsyncGenerator<Uint8Array, void> {
  const stat = await lstat(bytesOf(path));
  const { mode, uid, gid, mtimeMs } = stat;
  const attributes = { mode, uid, gid, mtime: mtimeMs / 1000, major: 0, minor: 0 };
  if (stat.isDirectory()) {
    yield tarHeader({ name: `${name}/`, type: 'directory', attributes });
    const children = await readdir(bytesOf(path), { encoding: 'latin1' });
    for (const child of children.sort()) yield* packTree(`${path}/${child}`, `${name}/${child}`);
  } else if (stat.isSymbolicLink()) {
    const linkName = await readlink(bytesOf(path), { encoding: 'latin1' });
    yield tarHeader({ name, type: 'symlink', attributes, linkName });
  } else if (stat.isFile()) {
    yield* packFile(path, { name, type: 'file', attributes });
  }
}

/** What the header says of the size has to be true, whoever writes to the file meanwhile. */
async function* packFile(path: string, file: TarFile): AsyncGenerator<Uint8Array, void> {
  await using handle = await open(bytesOf(path));
  const stat = await handle.stat();
  yield tarHeader({ ...file, size: stat.size });
  for (let position = 0; position < stat.size; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceSize, stat.size - position));
    const { bytesRead } = await handle.read(piece, 0, piece.length, position);
    yield bytesRead > 0 ? piece.subarray(0, bytesRead) : piece.fill(0);
    position += bytesRead > 0 ? bytesRead : piece.length;
  }
  yield tarPadding(stat.size);
}

/** How an archive is unpacked. */
export interface UnpackOptions {
  /** Where its top comes to be. What is there already may be replaced, but is not followed when it is a link. */
  readonly target: string;
  /** Give files their owners, too. */
  readonly owners: boolean;
}

/**
 * Unpack an archive whose entries have one top; that gets another name.
 *
 * @throws FairleadError `invalid-argument` for an entry that leads out of it, `conflict` for a directory in the way.
 */
export async function unpackLocal(archive: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<void> {
  // Writing into a directory changes its time, and some do not let anybody in.
  const directories: [string, TarEntry][] = [];
  for await (const entry of tarEntries(archive, 'latin1')) {
    const path = await placeOf(entry.name, options);
    if (entry.type === 'directory') directories.push([path, entry]);
    await unpackEntry(entry, path, options);
  }
  for (const [path, entry] of directories.reverse()) await settle(path, entry, options);
}

/** Replaces the first name of a path. What is above it, the top too, must be no link: an earlier entry may have made one. */
async function placeOf(name: string, { target }: UnpackOptions): Promise<string> {
  const [, ...below] = name.split('/').filter((part) => part !== '' && part !== '.');
  if (below.includes('..')) throw new FairleadError('invalid-argument', `invalid path in the archive: ${name}`);
  let path = oneCharacterPerByte(target);
  for (const part of below) {
    if ((await present(path))?.isSymbolicLink()) {
      throw new FairleadError('invalid-argument', `a link is above ${name}: nothing is written through it`);
    }
    path = `${path}/${part}`;
  }
  return path;
}

async function unpackEntry(entry: TarEntry, path: string, options: UnpackOptions): Promise<void> {
  const existing = await present(path);
  if (entry.type === 'directory') {
    if (existing?.isDirectory()) return;
    if (existing !== undefined) throw inTheWay('non-directory', path, 'directory');
    await mkdir(bytesOf(path), { mode: 0o700 });
    return;
  }
  if (existing?.isDirectory()) throw inTheWay('directory', path, 'non-directory');
  const place = bytesOf(path);
  await rm(place, { force: true });
  if (entry.type === 'symlink') await symlink(bytesOf(entry.linkName), place);
  else if (entry.type === 'link') return await link(bytesOf(await placeOf(entry.linkName, options)), place);
  else if (entry.type === 'file') {
    await pipeline(entry.content, createWriteStream(place, { flags: 'wx', mode: 0o600 }));
  } else return;
  await settle(path, entry, options);
}

async function settle(path: string, { type, attributes }: TarEntry, { owners }: UnpackOptions): Promise<void> {
  const place = bytesOf(path);
  const { mode, uid, gid, mtime } = attributes;
  if (owners) await lchown(place, uid, gid);
  if (type !== 'symlink') await chmod(place, mode & 0o7777);
  await lutimes(place, mtime, mtime);
}

async function present(path: string) {
  try {
    return await lstat(bytesOf(path));
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function inTheWay(there: string, path: string, wanted: string): FairleadError {
  return new FairleadError('conflict', `cannot overwrite ${there} "${bytesOf(path)}" with ${wanted}`);
}

/** Names need not be UTF-8: inside they are texts of one character for each byte. */
function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function oneCharacterPerByte(path: string): string {
  return Buffer.from(path).toString('latin1');
}
