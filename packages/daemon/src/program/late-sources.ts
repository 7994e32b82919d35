import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isUnchanged, type KeptList, type KeptSource, LENGTH, type LoadedSource } from './kept-sources.ts';

/** What the module loader is told of a name. */
interface KnownName {
  readonly url: string;
  readonly format: 'module';
  readonly shortCircuit: true;
}

/** What the file of them begins with. */
export interface LateList extends KeptList {
  /** Which file a name in a module means, by {@link nameKey}, where that takes more than a look at the name. */
  readonly names: Readonly<Record<string, string>>;
}

/** How a name in a module is written in {@link LateList.names}. */
export function nameKey(specifier: string, parent: string | undefined): string {
  return `${parent} ${specifier}`;
}

/** Where the texts are of the modules that no start needs, in the folder of Node's compile cache. */
export function lateSourcesPath(folder: string): string {
  return join(folder, 'daemon-late-sources');
}

/**
 * The texts of all modules that the daemon has not loaded, as they are now, in a file that stays open: whoever needs one later
 * gets what belongs to the program that runs, whatever an upgrade has put in its place. So they need not be loaded, and take
 * no memory, before somebody needs them.
 */
export class LateSources implements Disposable {
  readonly #descriptor: number;
  readonly #sources: ReadonlyMap<string, KeptSource>;
  readonly #names: LateList['names'];
  /** Where the texts begin in the file. */
  readonly #start: number;

  private constructor(descriptor: number) {
    const length = read(descriptor, 0, LENGTH).readUInt32LE(0);
    const { sources, names }: LateList = JSON.parse(read(descriptor, LENGTH, length).toString());
    this.#descriptor = descriptor;
    this.#sources = new Map(sources.map((source) => [source.url, source]));
    this.#names = names;
    this.#start = LENGTH + length;
  }

  /** @returns `undefined` when there is no such file, or none that can be read. */
  static open(path: string): LateSources | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      return new LateSources(descriptor);
    } catch {
      if (descriptor !== undefined) closeSync(descriptor);
      return undefined;
    }
  }

  /** True when every module is what it was when its text was kept. */
  isCurrent(): boolean {
    return this.#sources.values().every(isUnchanged);
  }

  /** A hook for `registerHooks({ load })` of node:module. */
  readonly load = <Context, Found>(
    url: string,
    context: Context,
    next: (url: string, context: Context) => Found,
  ): Found | LoadedSource => {
    const source = this.#sources.get(url);
    if (source === undefined) return next(url, context);
    const text = read(this.#descriptor, this.#start + source.start, source.end - source.start);
    return { format: 'module', source: text.toString(source.isAscii ? 'latin1' : 'utf8'), shortCircuit: true };
  };

  /** A hook for `registerHooks({ resolve })`: names of other packages, whose folders an upgrade takes away for a while. */
  readonly resolve = <Context extends { readonly parentURL?: string | undefined }, Found>(
    specifier: string,
    context: Context,
    next: (specifier: string, context: Context) => Found,
  ): Found | KnownName => {
    const url = this.#names[nameKey(specifier, context.parentURL)];
    return url === undefined ? next(specifier, context) : { url, format: 'module', shortCircuit: true };
  };

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** @throws RangeError when the file ends before. */
function read(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  if (readSync(descriptor, bytes, 0, length, position) < length) throw new RangeError('the file is cut off');
  return bytes;
}
