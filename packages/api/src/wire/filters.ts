import { FairleadError } from '@fairlead/base';
import type { Expression } from '@fairlead/base/expression';
import { isJsonObject } from './go-json.ts';
import { jsonSyntaxFault } from './json-syntax.ts';
import { parseTimestamp } from './time.ts';

/** The parameter `filters`: values by key. Values of one key are alternatives, keys must all be met. */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  /** By the value that says it; `undefined` for one that is no expression. */
  readonly #expressions: ReadonlyMap<string, Expression | undefined>;

  constructor(
    values: ReadonlyMap<string, readonly string[]> = new Map(),
    expressions: ReadonlyMap<string, Expression | undefined> = new Map(),
  ) {
    this.#values = values;
    this.#expressions = expressions;
  }

  /**
   * Parse the parameter: `{"key":["value"]}`, or `{"key":{"value":true}}` as clients before 1.22 wrote it.
   *
   * @param known keys that may be used.
   * @throws FairleadError `invalid-argument` in Docker's words.
   */
  static parse(text: string | undefined, known: readonly string[]): Filters {
    if (text === undefined || text === '') return new Filters();
    const values = new Map<string, readonly string[]>();
    for (const [key, list] of Object.entries(parseObject(text))) {
      if (!known.includes(key)) throw invalid(`invalid filter '${key}'`);
      values.set(key, valuesOf(list));
    }
    return new Filters(values);
  }

  /** Values of a key; empty when it was not given. */
  values(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** The same filters but for one key. */
  without(key: string): Filters {
    return new Filters(new Map([...this.#values].filter(([other]) => other !== key)));
  }

  /** True when the key was not given, or `test` holds for one of its values. */
  some(key: string, test: (value: string) => boolean): boolean {
    const values = this.values(key);
    return values.length === 0 || values.some(test);
  }

  /** True when one of the key's values is `text`. */
  exact(key: string, text: string): boolean {
    return this.some(key, (value) => value === text);
  }

  /** The same filters, with the values of these keys read as expressions where they are more than plain text. */
  async withExpressions(...keys: string[]): Promise<Filters> {
    const values = keys.flatMap((key) => this.values(key)).filter(hasSyntax);
    if (values.length === 0) return this;
    const { parseExpression } = await import('@fairlead/base/expression');
    const read = (value: string) => {
      try {
        return parseExpression(value);
      } catch {
        // Docker goes on to the next value.
        return undefined;
      }
    };
    return new Filters(this.#values, new Map(values.map((value) => [value, read(value)])));
  }

  /**
   * True when one of the key's values is part of `text`, or matches it as a regular expression. Clients anchor names
   * (`^web$`): only for keys that were named to {@link withExpressions}.
   */
  match(key: string, text: string): boolean {
    return this.some(key, (value) => {
      if (!hasSyntax(value)) return text.includes(value);
      return value === text || (this.#expressions.get(value)?.test(text) ?? false);
    });
  }

  /** True when all labels asked for (`key` or `key=value`) are there and none of those of `label!`. */
  labels(labels: Readonly<Record<string, string>>): boolean {
    const has = (wanted: string): boolean => {
      const [key = '', ...rest] = wanted.split('=');
      return Object.hasOwn(labels, key) && (rest.length === 0 || labels[key] === rest.join('='));
    };
    return this.values('label').every(has) && !this.values('label!').some(has);
  }

  /**
   * A filter that is true or false.
   *
   * @throws FairleadError `invalid-argument` for several values, or one that is neither.
   */
  boolean(key: string): boolean | undefined {
    const values = this.values(key);
    if (values.length > 1) throw invalid(`got more than one value for filter key "${key}"`);
    const [value] = values;
    if (value === undefined) return undefined;
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    throw invalid(`invalid value for filter '${key}', must be "true" (or "1"), or "false" (or "0")`);
  }

  /**
   * `until`: nanoseconds since the epoch.
   *
   * @throws FairleadError `invalid-argument` in Docker's words for several values, or one that is no time.
   */
  until(): bigint | undefined {
    const values = this.values('until');
    if (values.length > 1) throw invalid('more than one until filter specified');
    return parseTimestamp(values[0]);
  }

  /**
   * Refuse values that a key does not know.
   *
   * @throws FairleadError `invalid-argument` in Docker's words.
   */
  requireOneOf(key: string, allowed: readonly string[]): void {
    const wrong = this.values(key).find((value) => !allowed.includes(value));
    if (wrong !== undefined) throw invalid(`invalid filter: '${key}'='${wrong}'`);
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`invalid filter: ${jsonSyntaxFault(text)}`);
  }
  // As Go reads it: clients of dynamic languages write it for no filters.
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  throw invalid('invalid filter');
}

function valuesOf(list: unknown): string[] {
  if (Array.isArray(list) && list.every((value) => typeof value === 'string')) return list;
  // What the old form says of a value does not count, only that it is there.
  if (isJsonObject(list) && Object.values(list).every((value) => typeof value === 'boolean')) return Object.keys(list);
  if (list === null) return [];
  throw invalid('invalid filter');
}

/** False for what means only itself in a regular expression. */
function hasSyntax(value: string): boolean {
  return /[\\^$.|?*+()[\]{}]/.test(value);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
