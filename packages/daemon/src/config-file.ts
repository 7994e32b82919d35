import { readFileSync } from 'node:fs';
import { FairleadError, messageOf } from '@fairlead/base';
import { type Flag, type FlagValues, flags, parseSwitch } from './flag.ts';

/**
 * Read a `daemon.json`: the same settings as the flags, some under a plural name.
 *
 * @param required a file that was asked for by name has to be there.
 * @throws FairleadError `invalid-argument` for what cannot be read or is not known.
 */
export function readConfigFile(path: string, required: boolean): FlagValues {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required) return new Map();
    throw new FairleadError(
      'invalid-argument',
      `unable to configure the daemon with file ${path}: ${messageOf(error)}`,
    );
  }
  try {
    return parseConfig(text);
  } catch (error) {
    throw new FairleadError(
      'invalid-argument',
      `unable to configure the daemon with file ${path}: ${messageOf(error)}`,
    );
  }
}

/** @throws FairleadError `invalid-argument`, SyntaxError. */
export function parseConfig(text: string): FlagValues {
  const content: unknown = text.trim() === '' ? {} : JSON.parse(text);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new FairleadError('invalid-argument', 'the configuration has to be an object');
  }
  const values = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(content)) {
    const flag = flags.find((candidate) => (candidate.key ?? candidate.name) === key);
    if (flag === undefined) {
      const reason = `the following directives don't match any configuration option: ${key}`;
      throw new FairleadError('invalid-argument', reason);
    }
    values.set(flag.name, textsOf(flag, value));
  }
  return values;
}

/**
 * Flags and file together.
 *
 * @throws FairleadError `invalid-argument` when both say something about the same setting, in dockerd's words.
 */
export function mergeSettings(given: FlagValues, file: FlagValues): FlagValues {
  const both = [...file.keys()].filter((name) => given.has(name));
  if (both.length > 0) {
    const list = both
      .map((name) => `${name}: (from flag: ${given.get(name)}, from file: ${file.get(name)})`)
      .join(', ');
    const reason = `the following directives are specified both as a flag and in the configuration file: ${list}`;
    throw new FairleadError('invalid-argument', reason);
  }
  return new Map([...file, ...given]);
}

function textsOf(flag: Flag, value: unknown): string[] {
  if (flag.kind === 'switch') return [parseSwitch(flag, String(value))];
  if (flag.kind === 'text') return [String(value)];
  if (Array.isArray(value))
    return value.map((item) => (isPool(item) ? `base=${item.base},size=${item.size}` : String(item)));
  if (typeof value === 'object' && value !== null) return pairsOf(value);
  return [String(value)];
}

/** `default-network-opts` has options by driver: `bridge=KEY=VALUE`. */
function pairsOf(value: object): string[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    typeof item === 'object' && item !== null
      ? pairsOf(item).map((pair) => `${key}=${pair}`)
      : [`${key}=${String(item)}`],
  );
}

function isPool(item: unknown): item is { readonly base: string; readonly size: number } {
  return typeof item === 'object' && item !== null && 'base' in item && 'size' in item;
}
