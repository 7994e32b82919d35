import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, lchown, link, lstat, lutimes, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { deviceNumbers } from '@fairlead/runtime/spec';
import { bytePath, errnoName, type FileCalls, pathBytes } from '../files/file-calls.ts';

/** What a copy needs that Node has not. */
export type CopyCalls = Pick<FileCalls, 'makeNode' | 'listXattrs' | 'readXattr' | 'writeXattr'>;

/** Belong to the overlay that a layer is part of, and mean nothing outside of it. */
const OVERLAY = 'trusted.overlay.';

/**
 * Copy what is in a directory into another one, with owners, modes, times, links, devices and extended attributes as they
 * are; those of the directory itself come last.
 *
 * @param to exists and is empty.
 */
export async function copyTree(from: string, to: string, calls: CopyCalls): Promise<void> {
  await new TreeCopy(calls).directory(bytePath(from), bytePath(to));
}

/** Give a directory owner, mode, extended attributes and times of another one. */
export async function copyAttributes(from: string, to: string, calls: CopyCalls): Promise<void> {
  await new TreeCopy(calls).attributes(bytePath(from), bytePath(to));
}

/** Names of files need not be UTF-8: a path has one character for each byte here. */
class TreeCopy {
  readonly #calls: CopyCalls;
  /** Where files with several names are by now, by device and inode. */
  readonly #named = new Map<string, string>();

  constructor(calls: CopyCalls) {
    this.#calls = calls;
  }

  async directory(from: string, to: string): Promise<void> {
    const names = await readdir(pathBytes(from), { encoding: 'latin1' });
    for (const name of names) await this.#entry(`${from}/${name}`, `${to}/${name}`);
    await this.attributes(from, to);
  }

  /** The owner comes first: a new one takes set-user-ID and capabilities away. */
  async attributes(from: string, to: string): Promise<void> {
    const stat = await lstat(pathBytes(from));
    const place = pathBytes(to);
    await lchown(place, stat.uid, stat.gid);
    // What a link has is its own alone: Linux knows no mode of it, and users can give it no attributes (xattr(7)).
    if (!stat.isSymbolicLink()) {
      await chmod(place, stat.mode & 0o7777);
      this.#copyXattrs(from, to);
    }
    await lutimes(place, stat.atime, stat.mtime);
  }

  async #entry(from: string, to: string): Promise<void> {
    const stat = await lstat(pathBytes(from));
    const place = pathBytes(to);
    if (stat.isDirectory()) {
      await mkdir(place);
      return await this.directory(from, to);
    }
    if (await this.#linked(stat, to)) return;
    if (stat.isSymbolicLink()) await symlink(await readlink(pathBytes(from), { encoding: 'buffer' }), place);
    else if (stat.isFile()) await copyFile(pathBytes(from), place, constants.COPYFILE_FICLONE);
    else this.#makeNode(stat, place);
    await this.attributes(from, to);
  }

  /** @returns whether the file is there under another name, and now under this one too. */
  async #linked({ nlink, dev, ino }: Stats, to: string): Promise<boolean> {
    if (nlink === 1) return false;
    const identity = `${dev}:${ino}`;
    const first = this.#named.get(identity);
    this.#named.set(identity, first ?? to);
    if (first !== undefined) await link(pathBytes(first), pathBytes(to));
    return first !== undefined;
  }

  /** A device, a pipe or a socket. */
  #makeNode({ mode, rdev }: Stats, place: Buffer): void {
    const { major, minor } = deviceNumbers(BigInt(rdev));
    this.#calls.makeNode(place, mode, major, minor);
  }

  /** A file system that cannot keep an attribute still keeps the file. */
  #copyXattrs(from: string, to: string): void {
    const place = pathBytes(from);
    for (const name of this.#calls.listXattrs(place).filter((name) => !name.startsWith(OVERLAY))) {
      const value = this.#calls.readXattr(place, name);
      try {
        if (value !== undefined) this.#calls.writeXattr(pathBytes(to), name, value);
      } catch (error) {
        if (!['EOPNOTSUPP', 'EPERM'].includes(errnoName(error))) throw error;
      }
    }
  }
}
