import { join } from 'node:path';
import type { Script } from 'node:vm';
import { readKept, writeKept } from './kept-sources.ts';

/** What the file begins with. */
interface CodeList {
  /** Which program it was compiled of. */
  readonly id: string;
  /** Where the code of each module ends behind the list, in bytes; it begins where that of the one before ends. */
  readonly ends: readonly number[];
}

/** How much more there must be to write it all again. Which functions ran by a certain moment differs a little each time. */
const WORTH_WRITING = 1.02;

function codePath(folder: string): string {
  return join(folder, 'daemon-code');
}

/**
 * What V8 has compiled of a program, functions that have run included. V8 itself refuses what another version, or the same
 * with other flags, has compiled.
 */
export class CompiledCode {
  readonly #folder: string;
  readonly #id: string;
  readonly #ends: readonly number[];
  readonly #pieces: Buffer;
  /** Bytes that the next start is served with, if nothing is written. */
  #size: number;
  readonly #scripts: Script[] = [];

  /** @param id the program's: code of another is of no use. */
  constructor(folder: string, id: string) {
    const kept = readCode(folder);
    const isOfProgram = kept?.list.id === id;
    this.#folder = folder;
    this.#id = id;
    this.#ends = isOfProgram ? kept.list.ends : [];
    this.#pieces = isOfProgram ? kept.pieces : Buffer.alloc(0);
    this.#size = this.#pieces.length;
  }

  /** What there is of a module's, for `cachedData` of its script. */
  of(number: number): Buffer | undefined {
    const [start, end] = [this.#ends[number - 1] ?? 0, this.#ends[number] ?? 0];
    return end > start ? this.#pieces.subarray(start, end) : undefined;
  }

  /** From now on what is compiled of this module is told of too. */
  add(number: number, script: Script): void {
    this.#scripts[number] = script;
    if (script.cachedDataRejected) this.#size = 0;
  }

  /** Write it down for the next start, where that has more of it than this one had. @throws Error of the file system. */
  keep(): void {
    const pieces = Array.from(this.#scripts, (script) => script?.createCachedData() ?? Buffer.alloc(0));
    const ends: number[] = [];
    for (const { length } of pieces) ends.push((ends.at(-1) ?? 0) + length);
    if ((ends.at(-1) ?? 0) <= this.#size * WORTH_WRITING) return;
    writeKept(codePath(this.#folder), { id: this.#id, ends } satisfies CodeList, pieces);
  }
}

function readCode(folder: string) {
  try {
    return readKept<CodeList>(codePath(folder));
  } catch {
    return undefined;
  }
}
