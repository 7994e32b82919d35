import { existsSync, fstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lateModule } from '@fairlead/base';
import type { LogShape } from './log-shape.ts';

const compression = lateModule(() => import('./log-compression.ts'));

/** A file of a log that does not grow any more. */
export interface RotatedFile {
  readonly path: string;
  /** 1 is the newest. */
  readonly age: number;
  readonly compressed: boolean;
}

/** Files of a log that do not grow any more, oldest first: `X.log.2.gz`, `X.log.1`. */
export function rotatedFiles(path: string): RotatedFile[] {
  const [directory, name] = [dirname(path), basename(path)];
  return namesIn(directory)
    .flatMap((file) => {
      const match = file.startsWith(`${name}.`) ? /^([1-9]\d*)(\.gz)?$/.exec(file.slice(name.length + 1)) : null;
      if (match === null) return [];
      return [{ path: join(directory, file), age: Number(match[1]), compressed: match[2] !== undefined }];
    })
    .sort((a, b) => b.age - a.age);
}

/** What was cut off when the program was killed: a new file that had not come to its place, a compression. */
export function completeRotation(path: string): void {
  const next = nextPath(path);
  if (!existsSync(path) && existsSync(next)) renameSync(next, path);
  for (const file of [next, partPath(path)]) rmSync(file, { force: true });
  for (const file of rotatedFiles(path))
    if (file.compressed) rmSync(file.path.slice(0, -'.gz'.length), { force: true });
}

/** The new file before it comes to its place. */
function nextPath(path: string): string {
  return `${path}.next`;
}

/** A file while it is being compressed. */
function partPath(path: string): string {
  return `${path}.gz-part`;
}

/**
 * Replaces the file of a log by a new one: `X.log` becomes `X.log.1`, that becomes `X.log.2`, and so on; what is beyond
 * the number of files goes. Whoever has a file open reads on in it.
 */
export class LogRotation {
  readonly #path: string;
  readonly #shape: LogShape;
  readonly #onFailure: (error: unknown) => void;
  #generation = 0;
  #compressing: Promise<void> = Promise.resolve();

  constructor(path: string, shape: LogShape, onFailure: (error: unknown) => void) {
    this.#path = path;
    this.#shape = shape;
    this.#onFailure = onFailure;
  }

  /** How many files this one has begun. It changes in the same turn of the event loop as the names do. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * @param announce told of the new file before it takes the place of the old one.
   * @returns the new file.
   * @throws Error of the file system; the old file goes on then.
   */
  async rotate(announce: (inode: number) => void): Promise<FileHandle> {
    const file = await open(this.#next, 'wx+', 0o640);
    try {
      announce(fstatSync(file.fd).ino);
      this.#shift();
      renameSync(this.#next, this.#path);
      this.#generation++;
    } catch (error) {
      await file.close();
      rmSync(this.#next, { force: true });
      throw error;
    }
    if (this.#shape.compress) this.#compressing = this.#compressing.then(() => this.#compress(this.#generation));
    return file;
  }

  /** Resolves when nothing is being compressed. */
  async settled(): Promise<void> {
    await this.#compressing;
  }

  get #next(): string {
    return nextPath(this.#path);
  }

  get #part(): string {
    return partPath(this.#path);
  }

  #shift(): void {
    const { maxFiles } = this.#shape;
    for (const { path, age, compressed } of rotatedFiles(this.#path)) {
      if (age >= maxFiles - 1) rmSync(path, { force: true });
      else renameSync(path, `${this.#path}.${age + 1}${compressed ? '.gz' : ''}`);
    }
    if (maxFiles > 1) renameSync(this.#path, `${this.#path}.1`);
  }

  /** @param generation the one that followed the file: meanwhile others may have followed. */
  async #compress(generation: number): Promise<void> {
    const file = () => `${this.#path}.${1 + this.#generation - generation}`;
    try {
      const { compressFile } = await compression();
      if (!(await compressFile(file(), this.#part))) return;
      // It got older, or too old, while it was read.
      if (this.#generation - generation + 1 >= this.#shape.maxFiles) return rmSync(this.#part, { force: true });
      renameSync(this.#part, `${file()}.gz`);
      rmSync(file());
    } catch (error) {
      this.#onFailure(error);
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
