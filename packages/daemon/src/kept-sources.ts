import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A module as Node runs it, and the file that it was made from. */
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
  /** Which file a name in a module means, by {@link nameKey}, where that takes more than a look at the name. */
  readonly names: Readonly<Record<string, string>>;
}

/** Bytes that say how long the list is. */
export const LENGTH = 4;

/** How a name in a module is written in {@link KeptList.names}. */
export function nameKey(specifier: string, parent: string | undefined): string {
  return `${parent} ${specifier}`;
}

/** The file in the folder of Node's compile cache. */
export function keptSourcesPath(folder: string): string {
  return join(folder, 'daemon-sources');
}

/**
 * Write the texts of modules, without their types, into one file.
 *
 * @param strip takes the types out of a text: Node's own way, to the last character, or the code that Node has kept of the
 * module counts as that of another.
 * @param names see {@link KeptList.names}.
 */
export function keepSources(
  path: string,
  urls: readonly string[],
  strip: (code: string, url: string) => string,
  names: KeptList['names'] = {},
): void {
  let end = 0;
  const texts: Buffer[] = [];
  const list = urls.map((url): KeptSource => {
    const file = fileURLToPath(url);
    const { mtimeMs: modified, size } = statSync(file);
    const code = strip(readFileSync(file, 'utf8'), url);
    const text = Buffer.from(code);
    texts.push(text);
    const start = end;
    end += text.length;
    return { url, file, start, end, isAscii: text.length === code.length, modified, size };
  });
  const head = Buffer.from(JSON.stringify({ sources: list, names } satisfies KeptList));
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32LE(head.length);
  // Daemons may start meanwhile.
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, Buffer.concat([length, head, ...texts]));
  renameSync(unfinished, path);
}

/**
 * A hook for `registerHooks({ load })` of node:module that takes modules from such a file. Node opens two files for each of
 * some 400 modules, the source and its own note of how it reads without types, and compares them; one file with all texts
 * saves a sixth of the time that loading takes. What has been changed since is left to Node.
 *
 * @returns `undefined` when there is none, or none that can be read: Node needs no help.
 */
export function keptSources(
  path: string,
):
  | (<Context, Found>(
      url: string,
      context: Context,
      next: (url: string, context: Context) => Found,
    ) => Found | LoadedSource)
  | undefined {
  let kept = readKept(path);
  if (kept === undefined) return undefined;
  return (url, context, next) => {
    const source = kept?.list.get(url);
    if (kept === undefined || source === undefined) return next(url, context);
    const { list, texts } = kept;
    // Nobody asks twice, and a daemon that lives for weeks need not hold what all have asked for.
    list.delete(url);
    if (list.size === 0) kept = undefined;
    if (!isUnchanged(source)) return next(url, context);
    const text = texts.toString(source.isAscii ? 'latin1' : 'utf8', source.start, source.end);
    return { format: 'module', source: text, shortCircuit: true };
  };
}

const notThrowing = { throwIfNoEntry: false } as const;

function readKept(path: string) {
  try {
    const bytes = readFileSync(path);
    const texts = LENGTH + bytes.readUInt32LE(0);
    // What earlier versions wrote has no such list, and cannot be read.
    const { sources }: KeptList = JSON.parse(bytes.toString('utf8', LENGTH, texts));
    return { list: new Map(sources.map((source) => [source.url, source])), texts: bytes.subarray(texts) };
  } catch {
    return undefined;
  }
}

/** True while the file is as it was. */
export function isUnchanged({ file, modified, size }: KeptSource): boolean {
  const found = statSync(file, notThrowing);
  return found?.mtimeMs === modified && found.size === size;
}
