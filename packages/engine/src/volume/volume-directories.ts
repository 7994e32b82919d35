import { chownSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lateModule, newIdentifier, type Owner, shortIdentifier } from '@fairlead/base';
import type { FileSystems } from '../context.ts';
import { unmountBelow } from './mounted-tree.ts';
import type { CopyCalls } from './tree-copy.ts';

const treeCopy = lateModule(() => import('./tree-copy.ts'));

/** Beginning of the names of directories whose volumes are no more; no volume's name begins so. */
const DOOMED = '.removed-';

/**
 * The directories of volumes, `ROOT/NAME/_data`. Each change is one step that either was made or was not: what a crash
 * cuts off, {@link recover} completes or takes back.
 */
export class VolumeDirectories {
  readonly #root: string;
  readonly #fileSystems: FileSystems;
  readonly #calls: CopyCalls;
  readonly #owner: Owner | undefined;

  /** @param owner whom new volumes belong to; absent means the host's root. */
  constructor(root: string, fileSystems: FileSystems, calls: CopyCalls, owner?: Owner) {
    this.#root = root;
    this.#fileSystems = fileSystems;
    this.#calls = calls;
    this.#owner = owner;
  }

  /** Absolute path of a volume's content. */
  mountpoint(name: string): string {
    return join(this.#root, name, '_data');
  }

  /** Make the directory of a volume; one that exists is not even touched: a server that is gone may be mounted there. */
  make(name: string): void {
    const place = join(this.#root, name);
    mkdirSync(place, { recursive: true, mode: 0o701 });
    if (readdirSync(place).includes('_data')) return;
    const target = this.mountpoint(name);
    mkdirSync(target, { mode: 0o755 });
    if (this.#owner !== undefined) chownSync(target, this.#owner.uid, this.#owner.gid);
  }

  /**
   * Take the directory of a volume away from under its name, which is free then.
   *
   * @returns what is left to be done: to remove the content.
   */
  detach(name: string): () => Promise<void> {
    const place = join(this.#root, name);
    const doomed = join(this.#root, `${DOOMED}${shortIdentifier(newIdentifier())}`);
    if (existsSync(place)) renameSync(place, doomed);
    return () => this.#destroy(doomed);
  }

  /**
   * Fill the content of a volume while it is empty.
   *
   * @param copy writes everything into a directory beside it; only what is complete is moved over.
   */
  async fill(name: string, copy: (to: string) => Promise<void>): Promise<void> {
    if ((await readdir(this.mountpoint(name))).length > 0) return;
    const { copying, copied } = this.#staging(name);
    mkdirSync(copying, { mode: 0o700 });
    try {
      await copy(copying);
    } catch (error) {
      await rm(copying, { recursive: true, force: true });
      throw error;
    }
    renameSync(copying, copied);
    await this.#moveOver(name);
  }

  /** Bytes of the files in a volume; a file with several names counts once. */
  async size(name: string): Promise<number> {
    return await sizeOf(this.mountpoint(name), new Set());
  }

  /**
   * Bring the directories and the volumes that there are together. A directory of no volume is removed when it holds
   * nothing: content that nobody remembers, after a power failure for example, comes back to who makes the volume anew.
   *
   * @returns names of the directories that were left for that reason.
   */
  async recover(names: ReadonlySet<string>): Promise<string[]> {
    mkdirSync(this.#root, { recursive: true, mode: 0o701 });
    const left: string[] = [];
    for (const name of readdirSync(this.#root)) {
      if (names.has(name)) continue;
      const place = join(this.#root, name);
      if (name.startsWith(DOOMED) || !(await holdsFiles(place))) await this.#destroy(place);
      else left.push(name);
    }
    for (const name of names) await this.#complete(name);
    return left;
  }

  async #complete(name: string): Promise<void> {
    this.make(name);
    const { copying, copied } = this.#staging(name);
    await rm(copying, { recursive: true, force: true });
    if (existsSync(copied)) await this.#moveOver(name);
  }

  /** What somebody else has written there meanwhile is his and stays. */
  async #moveOver(name: string): Promise<void> {
    const { copied } = this.#staging(name);
    const target = this.mountpoint(name);
    for (const entry of await readdir(copied)) {
      if (!(await exists(join(target, entry)))) await rename(join(copied, entry), join(target, entry));
    }
    await (await treeCopy()).copyAttributes(copied, target, this.#calls);
    await rm(copied, { recursive: true });
  }

  #staging(name: string): { readonly copying: string; readonly copied: string } {
    return { copying: join(this.#root, name, '_copying'), copied: join(this.#root, name, '_copied') };
  }

  async #destroy(path: string): Promise<void> {
    unmountBelow(path, this.#fileSystems);
    await rm(path, { recursive: true, force: true });
  }
}

/** As {@link VolumeDirectories.fill}, on somebody else's file system: what a crash cuts off stays half done. */
export async function fillInPlace(target: string, copy: (to: string) => Promise<void>): Promise<void> {
  if ((await readdir(target)).length === 0) await copy(target);
}

/** Containers go on meanwhile: what has gone when it is looked at counts nothing. */
async function sizeOf(directory: string, counted: Set<number>): Promise<number> {
  let sum = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined || counted.has(stat.ino)) continue;
    counted.add(stat.ino);
    sum += stat.isDirectory() ? await sizeOf(path, counted) : stat.size;
  }
  return sum;
}

/** Anything but directories counts. */
async function holdsFiles(path: string): Promise<boolean> {
  if (!(await lstat(path)).isDirectory()) return true;
  for (const name of await readdir(path)) if (await holdsFiles(join(path, name))) return true;
  return false;
}

/** Also for a link to nowhere. */
async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
