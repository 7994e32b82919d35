import { FairleadError, messageOf } from '@fairlead/base';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Fill variables in everywhere: `$NAME`, `${NAME}`, `${NAME:-when empty}`, `${NAME-when absent}`, `${NAME:?message}`,
 * `${NAME?message}`; `$$` is a dollar sign. Where a number or a truth value belongs, a filled-in text becomes one.
 *
 * @throws FairleadError `invalid-argument` in docker's words, with the place.
 */
export function fillIn(file: Dictionary, environment: Environment): Dictionary {
  return fillInValue(file, [], environment) as Dictionary;
}

function fillInValue(value: unknown, path: readonly string[], environment: Environment): unknown {
  if (typeof value === 'string') return fillInText(value, path, environment);
  if (Array.isArray(value)) return value.map((inner) => fillInValue(inner, [...path, '[]'], environment));
  if (!isDictionary(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fillInValue(inner, [...path, key], environment)]),
  );
}

function fillInText(text: string, path: readonly string[], environment: Environment): unknown {
  const place = path.join('.');
  const refused = (template: string) =>
    new FairleadError(
      'invalid-argument',
      `invalid interpolation format for ${place}: ${JSON.stringify(template)}; you may need to escape any $ with another $`,
    );
  const filled = text.replace(pattern, (_, escaped?: string, named?: string, braced?: string) => {
    if (escaped !== undefined) return '$';
    const expression = named ?? braced;
    if (expression === undefined) throw refused(text);
    return filledIn(expression, environment, refused);
  });
  if (filled === text) return text;
  const cast = casts.find(([form]) => matches(form, path))?.[1];
  if (cast === undefined) return filled;
  try {
    return cast(filled);
  } catch (error) {
    const why = `failed to cast to expected type: ${messageOf(error)}`;
    throw new FairleadError('invalid-argument', `error while interpolating ${place}: ${why}`);
  }
}

const name = '[_a-z][_a-z0-9]*(?::?[-?][^}]*)?';
const pattern = new RegExp(`\\$(?:(\\$)|(${name})|\\{(${name})\\}|)`, 'gi');

function filledIn(expression: string, environment: Environment, refused: (template: string) => Error): string {
  for (const separator of [':-', '-', ':?', '?']) {
    const at = expression.indexOf(separator);
    if (at === -1) continue;
    const [key, rest] = [expression.slice(0, at), expression.slice(at + separator.length)];
    const value = environment[key];
    const isThere = value !== undefined && !(separator.startsWith(':') && value === '');
    if (isThere) return value;
    if (separator.endsWith('-')) return rest;
    throw refused(`required variable ${key} is missing a value: ${rest}`);
  }
  return environment[expression] ?? '';
}

/** Places where a text that was filled in is something else; `*` is any name. */
const casts: readonly (readonly [form: string, cast: (text: string) => unknown])[] = [
  ...[
    'configs.[].mode',
    'secrets.[].mode',
    'healthcheck.retries',
    'deploy.replicas',
    'deploy.update_config.parallelism',
    'deploy.rollback_config.parallelism',
    'deploy.restart_policy.max_attempts',
    'deploy.placement.max_replicas_per_node',
    'ports.[].target',
    'ports.[].published',
    'ulimits.*',
    'ulimits.*.hard',
    'ulimits.*.soft',
    'oom_score_adj',
  ].map((form) => [`services.*.${form}`, toInteger] as const),
  ...['deploy.update_config.max_failure_ratio', 'deploy.rollback_config.max_failure_ratio'].map(
    (form) => [`services.*.${form}`, toNumber] as const,
  ),
  ...[
    'services.*.healthcheck.disable',
    'services.*.privileged',
    'services.*.read_only',
    'services.*.stdin_open',
    'services.*.tty',
    'services.*.volumes.[].read_only',
    'services.*.volumes.[].volume.nocopy',
    'networks.*.external',
    'networks.*.internal',
    'networks.*.attachable',
    'volumes.*.external',
    'secrets.*.external',
    'configs.*.external',
  ].map((form) => [form, toTruth] as const),
];

function matches(form: string, path: readonly string[]): boolean {
  const parts = form.split('.');
  return parts.length === path.length && parts.every((part, at) => part === '*' || part === path[at]);
}

function toInteger(text: string): number {
  if (/^[-+]?\d+$/.test(text)) return Number(text);
  throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function toNumber(text: string): number {
  if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** As YAML 1.1 has truth. */
function toTruth(text: string): boolean {
  if (/^(y|yes|true|on)$/i.test(text)) return true;
  if (/^(n|no|false|off)$/i.test(text)) return false;
  throw new Error(`invalid boolean: ${text}`);
}
