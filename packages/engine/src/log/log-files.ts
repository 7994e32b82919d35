import { readdirSync, renameSync, rmSync } from 'node:fs';
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
    // What a rotation that was cut off has left.
    for (const file of [this.#next, this.#part]) rmSync(file, { force: true });
  }

  /** How many files this one has begun. It changes in the same turn of the event loop as the names do. */
  get generation(): number {
    return this.#generation;
  }

  /** @returns the new file. @throws Error of the file system; the old file goes on then. */
  async rotate(): Promise<FileHandle> {
    const file = await open(this.#next, 'wx+', 0o640);
    try {
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
    return `${this.#path}.next`;
  }

  get #part(): string {
    return `${this.#path}.gz-part`;
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
