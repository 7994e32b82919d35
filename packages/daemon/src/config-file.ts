import { readFileSync } from 'node:fs';
import { jsonSyntaxFault } from '@fairlead/api/json-syntax';
import { compareText, FairleadError, hasSystemCode, messageOf, withPrefix } from '@fairlead/base';
import { type Flag, type FlagValues, flags, parseFlags } from './flag.ts';

/** Where dockerd's counterpart of the file is, unless `--config-file` says otherwise. */
export const CONFIG_FILE = '/etc/fairlead/daemon.json';
/** What belongs to this run of the machine is here, unless `--exec-root` says otherwise. */
export const EXEC_ROOT = '/run/fairlead';

/** What was one text before it was a list; Docker reads both. */
const formerKeys: Readonly<Record<string, string>> = { 'host-gateway-ip': 'host-gateway-ips' };

/** What the operator has said: with flags, in the file, and both together. */
export interface Settings {
  readonly given: FlagValues;
  readonly file: FlagValues;
  readonly all: FlagValues;
}

/**
 * Read the command line and the configuration file that it names, or the usual one.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words.
 */
export function readSettings(words: readonly string[], usualFile: string): Settings {
  const given = parseFlags(words);
  const path = given.get('config-file')?.at(-1);
  try {
    const file = readConfigFile(path ?? usualFile, path !== undefined);
    return { given, file, all: mergeSettings(given, file) };
  } catch (error) {
    throw withPrefix(`unable to configure the Docker daemon with file ${path ?? usualFile}: `, error);
  }
}

/**
 * Read a `daemon.json`: the same settings as the flags, some under a plural name.
 *
 * @param required a file that was asked for by name has to be there.
 * @throws FairleadError `invalid-argument` in dockerd's words, for what cannot be read, is not known or of a wrong type.
 */
function readConfigFile(path: string, required: boolean): FlagValues {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required) return new Map();
    throw invalid(`open ${path}: ${hasSystemCode(error, 'ENOENT') ? 'no such file or directory' : messageOf(error)}`);
  }
  return parseConfig(text);
}

/** @throws FairleadError `invalid-argument`. */
export function parseConfig(text: string): FlagValues {
  const content = text.trim() === '' ? {} : parseJson(text);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw invalid(`json: cannot unmarshal ${jsonTypeOf(content)} into Go value of type map[string]interface {}`);
  }
  const settings = Object.entries(content)
    .flatMap(flattened)
    .map(([key, value]) => ({ key, value, flag: flagOf(key) }));
  const unknown = settings.filter(({ flag }) => flag === undefined).map(({ key }) => key);
  if (unknown.length > 0) {
    throw invalid(`the following directives don't match any configuration option: ${unknown.sort().join(', ')}`);
  }
  return new Map(
    settings.flatMap(({ key, value, flag }) =>
      flag === undefined || value === null ? [] : [[flag.name, textsOf(flag, key, value)]],
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(jsonSyntaxFault(text));
  }
}

function flagOf(key: string): Flag | undefined {
  return flags.find((flag) => keyOf(flag) === (formerKeys[key] ?? key));
}

function keyOf({ key, name }: Flag): string {
  return key ?? name;
}

/** What stands in an object of its own has a key with a dot here: `proxies.http-proxy`. */
function flattened([key, value]: [string, unknown]): [string, unknown][] {
  if (key !== 'proxies' || typeof value !== 'object' || value === null) return [[key, value]];
  return Object.entries(value).map(([name, item]) => [`${key}.${name}`, item]);
}

/**
 * Flags and file together.
 *
 * @throws FairleadError `invalid-argument` when both say something about the same setting, in dockerd's words.
 */
export function mergeSettings(given: FlagValues, file: FlagValues): FlagValues {
  const both = flags.filter(({ name }) => given.has(name) && file.has(name));
  if (both.length > 0) {
    const list = both
      .sort((a, b) => compareText(a.name, b.name))
      .map((flag) => `${keyOf(flag)}: (from flag: ${shown(flag, given)}, from file: ${shown(flag, file)})`)
      .join(', ');
    throw invalid(`the following directives are specified both as a flag and in the configuration file: ${list}`);
  }
  return new Map([...file, ...given]);
}

/** As Go prints it. */
function shown({ name, kind }: Flag, values: FlagValues): string {
  const texts = values.get(name) ?? [];
  return kind === 'list' ? `[${texts.join(' ')}]` : (texts.at(-1) ?? '');
}

/** What Go calls the type of a setting, and what it is in JSON. */
const types = {
  switch: { go: 'bool', json: 'boolean' },
  number: { go: 'int', json: 'number' },
  text: { go: 'string', json: 'string' },
} as const;

function textsOf(flag: Flag, key: string, value: unknown): string[] {
  if (flag.kind === 'list') {
    if (Array.isArray(value)) return value.map((item) => listItem(key, item));
    if (key in formerKeys && typeof value === 'string') return [value];
    if (typeof value === 'object' && value !== null) return pairsOf(value);
    throw wrongType(value, key, '[]string');
  }
  const { go, json } = types[flag.kind];
  if (typeof value !== json) throw wrongType(value, key, go);
  if (flag.kind === 'number' && !Number.isInteger(value)) throw wrongType(value, key, go, `number ${value}`);
  return [String(value)];
}

function listItem(key: string, item: unknown): string {
  if (isPool(item)) return `base=${item.base},size=${item.size}`;
  if (typeof item === 'string') return item;
  throw wrongType(item, key, 'string');
}

/** What Go's decoder says. */
function wrongType(value: unknown, key: string, type: string, found = jsonTypeOf(value)): FairleadError {
  return invalid(`json: cannot unmarshal ${found} into Go struct field Config.${key} of type ${type}`);
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

function invalid(reason: string): FairleadError {
  return new FairleadError('invalid-argument', reason);
}

/** `default-network-opts` has options by driver: `bridge=KEY=VALUE`. */
function pairsOf(value: object): string[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    isUlimit(item) ? [`${item.Name}=${item.Soft}:${item.Hard}`] : pairsWithKey(key, item),
  );
}

function pairsWithKey(key: string, item: unknown): string[] {
  const isNested = typeof item === 'object' && item !== null;
  return isNested ? pairsOf(item).map((pair) => `${key}=${pair}`) : [`${key}=${String(item)}`];
}

/** `default-ulimits` has them by name, with the name once more. */
function isUlimit(item: unknown): item is { readonly Name: string; readonly Soft: number; readonly Hard: number } {
  return typeof item === 'object' && item !== null && 'Name' in item && 'Soft' in item && 'Hard' in item;
}

function isPool(item: unknown): item is { readonly base: string; readonly size: number } {
  return typeof item === 'object' && item !== null && 'base' in item && 'size' in item;
}
