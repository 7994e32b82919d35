import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import { CompiledCode } from './compiled-code.ts';
import { isUnchanged, type KeptList, type KeptSource, type LoadedSource, readKept } from './kept-sources.ts';

/** What the file of a program begins with. */
export interface ProgramList extends KeptList {
  /** Different each time one is written: compiled code belongs to one of them. */
  readonly id: string;
  /** What each module imports: numbers of modules, and behind those, numbers of {@link others}. */
  readonly imports: readonly (readonly number[])[];
  /** URLs of modules that Node loads: its own, and those of other packages. */
  readonly others: readonly string[];
}

/** What a module exports. */
type Exports = Readonly<Record<string, unknown>>;

/** A module as `moduleFunction` writes it. */
type ModuleRun = (meta: object, ...imported: readonly Exports[]) => Exports;

/** The file in the folder of Node's compile cache. */
export function keptProgramPath(folder: string): string {
  return join(folder, 'daemon-program');
}

/** The one that runs in this process: modules that Node loads later import from it. */
let running: KeptProgram | undefined;

/** What a module of the program exports. For what {@link KeptProgram.load} tells Node alone. */
export function keptExports(url: string): Exports | undefined {
  return running?.exportsOf(url);
}

/**
 * The modules of a start, written as functions in one file, with what V8 had compiled of them when a start was over. Node
 * reads and links module after module, and V8 compiles each function anew that is called: more than half of what a start takes.
 */
export class KeptProgram {
  readonly #exports = new Map<string, Exports>();
  /** What is left to run; nothing once all has. A daemon that lives for weeks need not hold it. */
  #waiting: WaitingProgram | undefined;

  private constructor(waiting: WaitingProgram) {
    this.#waiting = waiting;
  }

  /**
   * Make the program in this folder the one that runs.
   *
   * @returns `undefined` when there is none, none that can be read, or one that was made of other sources: Node needs no help.
   */
  static run(folder: string): KeptProgram | undefined {
    try {
      const { list, pieces } = readKept<ProgramList>(keptProgramPath(folder));
      if (!list.sources.every(isUnchanged)) return undefined;
      running = new KeptProgram(new WaitingProgram(list, pieces, new CompiledCode(folder, list.id)));
      return running;
    } catch {
      return undefined;
    }
  }

  /** A hook for `registerHooks({ load })` of node:module: whoever imports one of its modules gets what that exports here. */
  readonly load = <Context, Found>(
    url: string,
    context: Context,
    next: (url: string, context: Context) => Found,
  ): Found | LoadedSource => {
    const exports = this.exportsOf(url);
    if (exports === undefined) return next(url, context);
    const names = Object.keys(exports).join(', ');
    const [from, of] = [import.meta.url, url].map((text) => JSON.stringify(text));
    const source = `import { keptExports } from ${from};\nexport const { ${names} } = keptExports(${of});\n`;
    return { format: 'module', source, shortCircuit: true };
  };

  /** What a module exports, which runs when it is asked for first; `undefined` for one of others. @throws whatever it throws. */
  exportsOf(url: string): Exports | undefined {
    return this.#exports.get(url) ?? this.#waiting?.run(url, this.#exports);
  }

  /**
   * Keep what is compiled by now for the next start: what a start needs has run by its end, and not much else.
   *
   * @throws Error of the file system.
   */
  completeStart(): void {
    const code = this.#waiting?.code;
    this.#waiting = undefined;
    code?.keep();
  }
}

/** Modules that have not run yet. */
class WaitingProgram {
  readonly code: CompiledCode;
  readonly #list: ProgramList;
  readonly #pieces: Buffer;
  /** All of them where each byte is a letter. Parts of so long a text take no room of their own. */
  readonly #texts: string;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #others: Exports[] = [];
  readonly #require = createRequire(import.meta.url);

  constructor(list: ProgramList, pieces: Buffer, code: CompiledCode) {
    this.#list = list;
    this.#pieces = pieces;
    this.#texts = pieces.toString('latin1');
    this.code = code;
    this.#numbers = new Map(list.sources.map(({ url }, number) => [url, number]));
  }

  /** Run a module, and before it those that it imports. @param exports of what has run; what runs is added. */
  run(url: string, exports: Map<string, Exports>): Exports | undefined {
    const number = this.#numbers.get(url);
    return number === undefined ? undefined : this.#exportsOf(number, exports);
  }

  #exportsOf(number: number, exports: Map<string, Exports>): Exports {
    const source = this.#list.sources[number];
    if (source === undefined) return this.#other(number - this.#list.sources.length);
    const known = exports.get(source.url);
    if (known !== undefined) return known;
    const imported = this.#list.imports[number]?.map((one) => this.#exportsOf(one, exports)) ?? [];
    const found = this.#compiled(number, source)(metaOf(source), ...imported);
    exports.set(source.url, found);
    return found;
  }

  #compiled(number: number, source: KeptSource): ModuleRun {
    const { url, start, end, isAscii } = source;
    const text = isAscii ? this.#texts.slice(start, end) : this.#pieces.toString('utf8', start, end);
    const script = new Script(text, {
      filename: url,
      // The first line is not the module's.
      lineOffset: -1,
      cachedData: this.code.of(number),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    this.code.add(number, script);
    return script.runInThisContext();
  }

  #other(number: number): Exports {
    this.#others[number] ??= this.#loaded(this.#list.others[number] ?? '');
    return this.#others[number];
  }

  /** A module of Node's, with `default` as an import has it, or of another package. */
  #loaded(url: string): Exports {
    if (!isBuiltin(url)) return this.#require(fileURLToPath(url));
    const builtin = this.#require(url);
    return Object.create(builtin, { default: { value: builtin } });
  }
}

/** `import.meta` of a module. */
function metaOf({ url, file }: KeptSource): object {
  const resolve = (name: string) => import.meta.resolve(name.startsWith('.') ? new URL(name, url).href : name);
  return { url, filename: file, dirname: dirname(file), resolve };
}
