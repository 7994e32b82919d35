import { closeSync, constants, createReadStream, fstatSync, lchownSync, mkdirSync } from 'node:fs';
import { FairleadError, messageOf } from '@fairlead/base';
import { decompressed, tarEnd, tarEntries } from '@fairlead/registry/tar';
import { ArchiveExtractor } from '../files/archive-extractor.ts';
import { splitPath } from '../files/archive-path.ts';
import { below, errnoName, type FileCalls, O_PATH, pathBytes, textPath } from '../files/file-calls.ts';
import { realPath } from '../files/path-stat.ts';
import { TreePacker } from '../files/tree-packer.ts';
import { type CopyItem, placeOf } from './copy-source.ts';

/** Whom files belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Where files go. */
export interface CopyTarget {
  /** Root directory of the image that is being made. */
  readonly root: number;
  readonly calls: FileCalls;
  /** Absolute; one character for each byte. A slash at its end makes it a directory. */
  readonly destination: string;
  /** `undefined` leaves them to whom they belong. */
  readonly owner: Owner | undefined;
  /** Archives are unpacked where they go. */
  readonly unpacks: boolean;
}

/**
 * Copy one item as `COPY` and `ADD` do: what is in a directory, or a file (moby, builder/dockerfile/copy.go).
 *
 * @throws FairleadError with Docker's words in front.
 */
export async function copyItem(item: CopyItem, target: CopyTarget): Promise<void> {
  try {
    if (item.isDirectory) return await copyDirectory(item, target);
    if (target.unpacks && !item.isWhole && (await isArchive(item))) return await unpack(item, target);
    await copyFile(item, target);
  } catch (error) {
    const what = item.isDirectory ? 'directory' : 'file';
    const code = error instanceof FairleadError ? error.code : 'internal';
    throw new FairleadError(code, `failed to copy files: failed to copy ${what}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function copyDirectory(item: CopyItem, target: CopyTarget): Promise<void> {
  const path = resolved(target);
  const { root, calls, owner } = target;
  const isNew = makeDirectories(target, path, undefined);
  // Only the directory itself changes hands, not those above it that had to be made.
  if (isNew && owner !== undefined) {
    withDirectory(target, path, (descriptor) => lchownSync(`/proc/self/fd/${descriptor}/.`, owner.uid, owner.gid));
  }
  const archive = packed(calls, `${placeOf(item)}/`, '');
  await new ArchiveExtractor(calls, { root, path, keepKinds: false, owner }).extract(archive);
}

async function copyFile(item: CopyItem, target: CopyTarget): Promise<void> {
  const { root, calls, owner, destination } = target;
  const asked = resolved(target);
  const intoDirectory = destination.endsWith('/') || isDirectory(target, asked);
  const path = intoDirectory ? `${asked === '/' ? '' : asked}/${item.path.split('/').at(-1)}` : asked;
  const [folder, name] = splitPath(path);
  const directory = folder.replace(/(.)\/+$/, '$1');
  makeDirectories(target, directory, owner);
  const archive = packed(calls, placeOf(item), name);
  await new ArchiveExtractor(calls, { root, path: directory, keepKinds: false, owner }).extract(archive);
}

/** What an archive says of owners and permissions stays. */
async function unpack(item: CopyItem, target: CopyTarget): Promise<void> {
  const path = resolved(target);
  makeDirectories(target, path, undefined);
  const { root, calls } = target;
  const archive = await decompressed(contentOf(item));
  await new ArchiveExtractor(calls, { root, path, keepKinds: false }).extract(archive);
}

/** True for what begins as an archive does, compressed or not. */
async function isArchive(item: CopyItem): Promise<boolean> {
  try {
    for await (const _ of tarEntries(await decompressed(contentOf(item)), 'latin1')) return true;
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'not-implemented') throw error;
  }
  return false;
}

async function* contentOf(item: CopyItem): AsyncGenerator<Uint8Array> {
  yield* createReadStream(pathBytes(placeOf(item)));
}

async function* packed(calls: FileCalls, place: string, name: string): AsyncGenerator<Uint8Array> {
  yield* new TreePacker(calls).pack(place, name);
  yield tarEnd;
}

/** Where the destination's links lead within the image. */
function resolved({ root, calls, destination }: CopyTarget): string {
  return realPath({ descriptor: root, calls }, destination);
}

/** Make a directory and those above it that are missing. @returns true when it was not there. */
function makeDirectories(target: CopyTarget, path: string, owner: Owner | undefined): boolean {
  if (isDirectory(target, path)) return false;
  const [above, name] = splitPath(path);
  const parent = above.replace(/(.)\/+$/, '$1');
  makeDirectories(target, parent, owner);
  withDirectory(target, parent, (descriptor) => {
    const place = pathBytes(below(descriptor, name));
    try {
      mkdirSync(place, { mode: 0o755 });
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      throw new FairleadError('invalid-argument', `mkdir ${textPath(path)}: not a directory`, { cause: error });
    }
    if (owner !== undefined) lchownSync(place, owner.uid, owner.gid);
  });
  return true;
}

function isDirectory({ root, calls }: CopyTarget, path: string): boolean {
  let descriptor: number;
  try {
    descriptor = calls.openInRoot(root, pathBytes(path), O_PATH);
  } catch (error) {
    if (errnoName(error) === 'ENOENT' || errnoName(error) === 'ENOTDIR') return false;
    throw error;
  }
  try {
    return fstatSync(descriptor).isDirectory();
  } finally {
    closeSync(descriptor);
  }
}

function withDirectory({ root, calls }: CopyTarget, path: string, work: (descriptor: number) => void): void {
  const descriptor = calls.openInRoot(root, pathBytes(path), O_PATH | constants.O_DIRECTORY);
  try {
    work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Make a directory for `WORKDIR`, those above it too. @returns true when it was not there. */
export function makeWorkingDirectory(target: Pick<CopyTarget, 'root' | 'calls'>, path: string): boolean {
  const whole: CopyTarget = { ...target, destination: path, owner: { uid: 0, gid: 0 }, unpacks: false };
  return makeDirectories(whole, resolved(whole), undefined);
}
