import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  futimesSync,
  lchownSync,
  lstatSync,
  openSync,
  readFileSync,
  utimesSync,
} from 'node:fs';
import { type FileHandle, link, mkdir, open, symlink } from 'node:fs/promises';
import { FairleadError, type IdentityMapping, type Owner, ownerOutside } from '@fairlead/base';
import { invalidArchive, type TarAttributes, type TarEntry, tarEntries } from '@fairlead/registry/tar';
import { entryPath, splitPath } from './archive-path.ts';
import { below, errnoName, type FileCalls, O_PATH, pathBytes, textPath } from './file-calls.ts';
import { removeTree } from './remove-tree.ts';

/** Where an archive goes, and how. */
export interface Destination {
  /** The container's root directory. */
  readonly root: number;
  /** Path in it, links followed; one character for each byte. */
  readonly path: string;
  /** See `ExtractOptions`. */
  readonly keepKinds: boolean;
  /** Whom everything belongs to; absent means whom the archive says. */
  readonly owner?: Owner | undefined;
  /** Who the archive's owners are in what is under `root`: those outside of the mapping; absent where they are the same. */
  readonly identities?: IdentityMapping | undefined;
}

/** Types of inode(7) for what mknod(2) makes. */
const nodeTypes = { 'character-device': 0o020000, 'block-device': 0o060000, fifo: 0o010000 } as const;

/**
 * Unpacks an archive in a container.
 *
 * Every path is opened as the container would open it, and what is made is changed through a descriptor, never again by
 * its path: neither links in the archive nor a process in the container can make it touch anything outside.
 */
export class ArchiveExtractor {
  readonly #calls: FileCalls;
  readonly #destination: Destination;
  /** Times of directories: set last, for every file in them changes them. */
  readonly #times: { readonly path: string; readonly mtime: number }[] = [];

  constructor(calls: FileCalls, destination: Destination) {
    this.#calls = calls;
    this.#destination = destination;
  }

  /** @throws FairleadError `invalid-argument` for an archive that wants out, Node's and the kernel's errors. */
  async extract(archive: AsyncIterable<Uint8Array>): Promise<void> {
    await this.extractEntries(tarEntries(archive, 'latin1'));
  }

  /** The same for an archive that somebody else reads. */
  async extractEntries(entries: AsyncIterable<TarEntry>): Promise<void> {
    for await (const entry of entries) {
      const path = entryPath(entry.name, textPath(this.#destination.path));
      if (path !== '') await this.#extract(entry, path);
    }
    for (const { path, mtime } of this.#times.toReversed()) this.#setTime(path, mtime);
  }

  async #extract(entry: TarEntry, path: string): Promise<void> {
    const [directory, name] = splitPath(`${this.#destination.path}/${path}`);
    const parent = await this.#openParent(directory);
    try {
      const place = below(parent, name);
      if (await this.#makeRoom(entry, parent, name, path)) await this.#make(entry, place);
      this.#dress(entry, place);
      if (entry.type === 'directory') this.#times.push({ path, mtime: entry.attributes.mtime });
    } finally {
      closeSync(parent);
    }
  }

  /** The directory of an entry; an archive may leave out its parents. */
  async #openParent(directory: string): Promise<number> {
    try {
      return this.#open(directory, O_PATH | constants.O_DIRECTORY);
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') throw error;
    }
    const [above, name] = splitPath(directory.replace(/\/+$/, ''));
    const parent = await this.#openParent(above);
    try {
      const made = pathBytes(below(parent, name));
      await mkdir(made, 0o755);
      const { uid, gid } = this.#ownerHere({ uid: 0, gid: 0 });
      if (uid !== 0) lchownSync(made, uid, gid);
    } finally {
      closeSync(parent);
    }
    return this.#open(directory, O_PATH | constants.O_DIRECTORY);
  }

  /** Take away what stands in the way. @returns false when a directory is there already and is wanted. */
  async #makeRoom({ type }: TarEntry, parent: number, name: string, path: string): Promise<boolean> {
    const place = below(parent, name);
    const existing = lstatSync(pathBytes(place), { throwIfNoEntry: false });
    if (existing === undefined) return true;
    const [isDirectory, wanted] = [existing.isDirectory(), type === 'directory'];
    if (isDirectory && wanted) return false;
    if (this.#destination.keepKinds && isDirectory !== wanted) {
      const kinds = wanted ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
      const [there, top] = [path, this.#destination.path].map((text) => JSON.stringify(textPath(text)));
      throw new FairleadError('invalid-argument', `cannot overwrite ${kinds[0]} ${there} with ${kinds[1]} ${top}`);
    }
    if (isMountPoint(parent, place)) {
      const target = textPath(`${this.#destination.path}/${path}`.replace(/\/+/g, '/'));
      throw new FairleadError('internal', `unlinkat ${target}: device or resource busy`);
    }
    await removeTree(place);
    return true;
  }

  async #make(entry: TarEntry, place: string): Promise<void> {
    const bytes = pathBytes(place);
    const { type, linkName, attributes } = entry;
    switch (type) {
      case 'directory':
        return await mkdir(bytes, 0o700);
      case 'symlink':
        return await symlink(pathBytes(linkName), bytes);
      case 'link':
        return await this.#link(linkName, bytes);
      case 'file':
        return await writeFile(entry, bytes);
      case 'fifo':
      case 'character-device':
      case 'block-device':
        return this.#calls.makeNode(bytes, nodeTypes[type] | 0o600, attributes.major, attributes.minor);
      default:
        throw invalidArchive(`unhandled type of ${JSON.stringify(entry.name)}`);
    }
  }

  /** The name that a hard link is to, is one of the archive. link(2) does not follow a symbolic one. */
  async #link(linkName: string, place: Buffer): Promise<void> {
    const [directory, name] = splitPath(`${this.#destination.path}/${entryPath(linkName, this.#destination.path)}`);
    const parent = this.#open(directory, O_PATH | constants.O_DIRECTORY);
    try {
      await link(pathBytes(below(parent, name)), place);
    } finally {
      closeSync(parent);
    }
  }

  /** Owner, permissions, attributes and time, in this order: a new owner takes away set-user-id and capabilities. */
  #dress({ type, attributes, xattrs }: TarEntry, place: string): void {
    // A hard link has what the file has that it is to.
    if (type === 'link') return;
    const descriptor = openSync(pathBytes(place), O_PATH | constants.O_NOFOLLOW);
    try {
      const self = `/proc/self/fd/${descriptor}`;
      const { uid, gid } = this.#ownerHere(this.#destination.owner ?? attributes);
      // Each takes microseconds; to have another thread do it takes longer.
      chownSync(self, uid, gid);
      if (type !== 'symlink') chmodSync(self, attributes.mode);
      for (const [name, value] of xattrs) this.#setXattr(self, name, value);
      utimesSync(self, attributes.mtime, attributes.mtime);
    } finally {
      closeSync(descriptor);
    }
  }

  #ownerHere(owner: Owner): Owner {
    const { identities } = this.#destination;
    return identities === undefined ? owner : ownerOutside(identities, owner);
  }

  /** A file system that cannot keep an attribute still keeps the file. */
  #setXattr(path: string, name: string, value: string): void {
    try {
      this.#calls.writeXattr(pathBytes(path), name, pathBytes(value));
    } catch (error) {
      if (!['EOPNOTSUPP', 'EPERM'].includes(errnoName(error))) throw error;
    }
  }

  #setTime(path: string, mtime: TarAttributes['mtime']): void {
    let directory: number;
    try {
      directory = this.#open(`${this.#destination.path}/${path}`, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch {
      // A later entry has put something else there.
      return;
    }
    try {
      futimesSync(directory, mtime, mtime);
    } finally {
      closeSync(directory);
    }
  }

  #open(path: string, flags: number): number {
    return this.#calls.openInRoot(this.#destination.root, pathBytes(path), flags);
  }
}

/**
 * True for what is mounted in the container. Its mounts are not in our namespace, so the kernel would not refuse to remove
 * what they are on, but unmount them without a word (mount_namespaces(7)): the container would lose its `/etc/hosts`.
 */
function isMountPoint(parent: number, place: string): boolean {
  const there = openSync(pathBytes(place), O_PATH | constants.O_NOFOLLOW);
  try {
    return mountOf(there) !== mountOf(parent);
  } finally {
    closeSync(there);
  }
}

/** Number of the mount that an open file was reached by (proc_pid_fdinfo(5)). */
function mountOf(descriptor: number): string | undefined {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
}

async function writeFile({ content }: TarEntry, place: Buffer): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await using handle = await open(place, flags, 0o600);
  await writePieces(handle, content);
}

/** Bytes that a thread writes at a time. */
const batchSize = 1 << 19;

/** Write pieces; while a thread writes some of them, the next ones are collected. */
async function writePieces(handle: FileHandle, content: AsyncIterable<Uint8Array>): Promise<void> {
  let writing = Promise.resolve();
  let batch: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    batch.push(piece);
    length += piece.length;
    if (length < batchSize) continue;
    await writing;
    writing = writeBatch(handle, batch, length);
    // Thrown where it is awaited, which is after more has come.
    writing.catch(() => {});
    batch = [];
    length = 0;
  }
  await writing;
  if (length > 0) await writeBatch(handle, batch, length);
}

async function writeBatch(handle: FileHandle, batch: readonly Uint8Array[], length: number): Promise<void> {
  const { bytesWritten } = await handle.writev(batch);
  if (bytesWritten < length) await writeWhole(handle, Buffer.concat(batch).subarray(bytesWritten));
}

async function writeWhole(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length; ) {
    offset += (await handle.write(piece, offset, piece.length - offset)).bytesWritten;
  }
}
