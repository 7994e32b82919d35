import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What was kept of a module, and the file that it was made from. */
export interface KeptSource {
  readonly url: string;
  /** Its path: made of the URL anew for each of hundreds, it would take as long as asking for the file. */
  readonly file: string;
  /** Where its text begins and ends behind the list, in bytes. */
  readonly start: number;
  readonly end: number;
  /** Nearly all texts are, and so are read at once. */
  readonly isAscii: boolean;
  /** What tells that the file is still the same: its time in milliseconds and its size in bytes. */
  readonly modified: number;
  readonly size: number;
}

/** What the module loader is told about a module. */
export interface LoadedSource {
  readonly format: 'module';
  readonly source: string;
  readonly shortCircuit: true;
}

/** What the file begins with, behind the length of it. */
export interface KeptList {
  readonly sources: readonly KeptSource[];
}

/** Bytes that say how long the list is. */
export const LENGTH = 4;

/**
 * Write texts that were made of modules into one file.
 *
 * @param textOf what is kept of a module, given what it says.
 * @param rest what else its list shall have.
 */
export function keepSources(
  path: string,
  urls: readonly string[],
  textOf: (code: string, url: string) => string,
  rest: object = {},
): void {
  let end = 0;
  const texts: Buffer[] = [];
  const sources = urls.map((url): KeptSource => {
    const file = fileURLToPath(url);
    const { mtimeMs: modified, size } = statSync(file);
    const text = textOf(readFileSync(file, 'utf8'), url);
    const bytes = Buffer.from(text);
    texts.push(bytes);
    const start = end;
    end += bytes.length;
    return { url, file, start, end, isAscii: bytes.length === text.length, modified, size };
  });
  writeKept(path, { sources, ...rest } satisfies KeptList, texts);
}

/** Write a list and what it tells of, at once: daemons may start meanwhile. */
export function writeKept(path: string, list: object, pieces: readonly Uint8Array[]): void {
  const head = Buffer.from(JSON.stringify(list));
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32LE(head.length);
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, Buffer.concat([length, head, ...pieces]));
  renameSync(unfinished, path);
}

/** @throws Error when there is no such file, or it is not of this kind. */
export function readKept<List>(path: string): { readonly list: List; readonly pieces: Buffer } {
  const bytes = readFileSync(path);
  const start = LENGTH + bytes.readUInt32LE(0);
  return { list: JSON.parse(bytes.toString('utf8', LENGTH, start)), pieces: bytes.subarray(start) };
}

const notThrowing = { throwIfNoEntry: false } as const;

/** True while the file is as it was. */
export function isUnchanged({ file, modified, size }: KeptSource): boolean {
  const found = statSync(file, notThrowing);
  return found?.mtimeMs === modified && found.size === size;
}
