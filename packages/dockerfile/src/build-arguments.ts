import type { Variables } from './word-expansion.ts';

/** Arguments that every `RUN` sees without being asked for, and of which no image tells. */
const proxyNames: ReadonlySet<string> = new Set(
  ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'].flatMap((name) => [name.toUpperCase(), name]),
);

/** What `--build-arg` gives; `undefined` for a name without a value. */
export type GivenArguments = ReadonlyMap<string, string | undefined>;

/**
 * The variables that `ARG` declares: which there are at a point of the build, and what their values are (Dockerfile
 * reference, "ARG").
 */
export class BuildArguments {
  readonly #given: GivenArguments;
  /** Declared before the first stage, with their defaults. */
  readonly #global = new Map<string, string | undefined>();
  #declared = new Map<string, string | undefined>();
  readonly #used = new Set<string>();

  constructor(given: GivenArguments) {
    this.#given = given;
  }

  /** A stage begins: it sees what it declares itself. */
  beginStage(): void {
    this.#declared = new Map();
  }

  /** An `ARG` before the first stage. */
  declareGlobal(name: string, value: string | undefined): void {
    this.#global.set(name, value);
    this.declare(name, value);
  }

  /** An `ARG`. @param value its default. */
  declare(name: string, value: string | undefined): void {
    this.#declared.set(name, value);
    this.#used.add(name);
  }

  /** Variables for `FROM`. */
  get globals(): Variables {
    return this.#valuesOf(this.#global);
  }

  /** Variables that have a value here; the proxies' without a declaration. */
  get values(): Variables {
    return this.#valuesOf(this.#declared);
  }

  /** True for what belongs to how an image was made: all but proxies that nobody has declared. */
  isRecorded(name: string): boolean {
    return this.#declared.has(name) || !proxyNames.has(name);
  }

  /** Names that were given and that no stage has declared. */
  get unused(): string[] {
    return [...this.#given.keys()].filter((name) => !proxyNames.has(name) && !this.#used.has(name));
  }

  #valuesOf(declared: ReadonlyMap<string, string | undefined>): Map<string, string> {
    const names = new Set([...declared.keys(), ...proxyNames]);
    return new Map(
      [...names].flatMap((name) => {
        const value = this.#given.get(name) ?? (declared.has(name) ? this.#default(name, declared) : undefined);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  #default(name: string, declared: ReadonlyMap<string, string | undefined>): string | undefined {
    return declared.get(name) ?? this.#global.get(name);
  }
}
