import { FairleadError } from '@fairlead/base';

/** The options that a command was called with, by their long names without dashes: `publish`, `network-alias`. */
export class Options {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /** True when the option was given, whatever its value. */
  has(...names: readonly string[]): boolean {
    return names.some((name) => this.#values.has(name));
  }

  /** True when any option was given but these. */
  hasOther(...names: readonly string[]): boolean {
    return [...this.#values.keys()].some((name) => !names.includes(name));
  }

  /** True when a flag was given, and not as `--flag=false`. */
  flag(name: string, whenAbsent = false): boolean {
    return (this.#values.get(name) ?? whenAbsent) === true;
  }

  /** The value of an option; `undefined` when it was not given. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The values of a repeatable option in order. */
  list(name: string): string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value.map(String) : [];
  }

  /**
   * The whole number that an option has.
   *
   * @throws FairleadError `invalid-argument` for anything else.
   */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d+$/.test(text)) {
      throw new FairleadError(
        'invalid-argument',
        `invalid argument "${text}" for "--${name}" flag: not a whole number`,
      );
    }
    return Number(text);
  }

  /** A repeatable `key=value` option as a map; a key alone has an empty value. */
  map(name: string): Record<string, string> {
    return Object.fromEntries(this.list(name).map((text) => splitAssignment(text)));
  }
}

/** `a=b=c` → `['a', 'b=c']`; `a` → `['a', '']`. */
export function splitAssignment(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
