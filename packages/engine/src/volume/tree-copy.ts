import { constants, type Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readlink,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a named pipe. */
type MakePipe = (path: string, mode: number) => void;

/**
 * Copy what is in a directory into another one, with owners, modes, times and links as they are; those of the directory
 * itself come last. Sockets and devices are left out.
 *
 * @param to exists and is empty.
 */
export async function copyTree(from: string, to: string, makePipe: MakePipe): Promise<void> {
  await new TreeCopy(makePipe).directory(from, to);
}

/** Give a directory owner, mode and times of another one. */
export async function copyAttributes(from: string, to: string): Promise<void> {
  await setAttributes(to, await lstat(from));
}

class TreeCopy {
  readonly #makePipe: MakePipe;
  /** Where files with several names are by now, by device and inode. */
  readonly #named = new Map<string, string>();

  constructor(makePipe: MakePipe) {
    this.#makePipe = makePipe;
  }

  async directory(from: string, to: string): Promise<void> {
    for (const name of await readdir(from)) await this.#entry(join(from, name), join(to, name));
    await copyAttributes(from, to);
  }

  async #entry(from: string, to: string): Promise<void> {
    const stat = await lstat(from);
    if (stat.isDirectory()) {
      await mkdir(to);
      await this.directory(from, to);
    } else if (stat.isSymbolicLink()) {
      await symlink(await readlink(from), to);
      await lchown(to, stat.uid, stat.gid);
      await lutimes(to, stat.atime, stat.mtime);
    } else if (stat.isFile() && !(await this.#linked(stat, to))) {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      await setAttributes(to, stat);
    } else if (stat.isFIFO()) {
      this.#makePipe(to, stat.mode & 0o7777);
      await setAttributes(to, stat);
    }
  }

  /** @returns whether the file is there under another name, and now under this one too. */
  async #linked({ nlink, dev, ino }: Stats, to: string): Promise<boolean> {
    if (nlink === 1) return false;
    const identity = `${dev}:${ino}`;
    const first = this.#named.get(identity);
    this.#named.set(identity, first ?? to);
    if (first !== undefined) await link(first, to);
    return first !== undefined;
  }
}

/** The owner before the mode: a change of owner takes set-user-ID away. */
async function setAttributes(path: string, { uid, gid, mode, atime, mtime }: Stats): Promise<void> {
  await lchown(path, uid, gid);
  await chmod(path, mode & 0o7777);
  await utimes(path, atime, mtime);
}
