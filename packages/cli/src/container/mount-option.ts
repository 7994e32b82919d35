import { resolve } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { splitAssignment } from '../command/options.ts';
import { parseBytes } from '../format/quantity.ts';

/** `-v` in the two parts of a request that it belongs to, as docker sends it. */
export interface VolumeOptions {
  /** `source:destination[:options]`. */
  readonly binds: readonly string[];
  /** Paths of anonymous volumes. */
  readonly anonymous: readonly string[];
}

/** Sort the values of `-v`. A source that begins with a dot is a path of the caller's. */
export function splitVolumes(values: readonly string[]): VolumeOptions {
  return {
    binds: values
      .filter((value) => value.includes(':'))
      .map((value) => value.replace(/^\.[^:]*/, (source) => resolve(source))),
    anonymous: values.filter((value) => !value.includes(':')),
  };
}

type Pair = readonly [key: string, value: string];

const targets = ['target', 'destination', 'dst'];
const plainKeys = ['type', 'source', 'src', ...targets, 'readonly', 'ro', 'consistency'];
const optionKeys = [
  'bind-propagation',
  'bind-recursive',
  'bind-nonrecursive',
  'volume-nocopy',
  'volume-subpath',
  'volume-driver',
  'image-subpath',
];
const amounts: Readonly<Record<string, (text: string) => number | undefined>> = {
  'tmpfs-size': parseBytes,
  'tmpfs-mode': parsePermissions,
};
/** Keys that may stand without a value. */
const flags = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive']);
/** `bind-recursive`: what becomes of mounts below the source. */
const recursion: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};
const known = new Set([...plainKeys, ...optionKeys, 'volume-label', 'volume-opt', ...Object.keys(amounts)]);

/**
 * Read a `--mount`: `type=bind,source=/a,target=/b,readonly`.
 *
 * @throws FairleadError `invalid-argument` without a target, and for what is not understood.
 */
export function parseMount(text: string): Record<string, unknown> {
  const parts = text.split(',');
  const pairs = parts.map((part) => splitAssignment(part));
  const loose = parts.find((part) => !part.includes('=') && !flags.has(part.toLowerCase()));
  const fault = loose === undefined ? faultOf(pairs) : `invalid field '${loose}' must be a key=value pair`;
  if (fault !== undefined) {
    throw new FairleadError('invalid-argument', `invalid argument "${text}" for "--mount" flag: ${fault}`);
  }
  const first = (...names: string[]): string | undefined => pairs.find(([name]) => names.includes(name))?.[1];
  const propagation = first('bind-propagation');
  const [size, mode] = Object.entries(amounts).map(([name, parse]) => parse(first(name) ?? ''));
  const bind = {
    ...(propagation !== undefined && { Propagation: propagation }),
    ...(isTrue(first('bind-nonrecursive')) && { NonRecursive: true }),
    ...recursion[first('bind-recursive') ?? 'enabled'],
  };
  const tmpfs = { ...(size !== undefined && { SizeBytes: size }), ...(mode !== undefined && { Mode: mode }) };
  const volume = volumeOptions(pairs);
  const part = first('image-subpath');
  return {
    Type: first('type') ?? 'volume',
    Source: first('source', 'src') ?? '',
    Target: first(...targets),
    ReadOnly: isTrue(first('readonly', 'ro')),
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
    ...(volume !== undefined && { VolumeOptions: volume }),
    ...(part !== undefined && { ImageOptions: { Subpath: part } }),
  };
}

/** What docker complains of, in its words. */
function faultOf(pairs: readonly Pair[]): string | undefined {
  for (const [key, value] of pairs) {
    if (!known.has(key)) return `unexpected key '${key}' in '${key}=${value}'`;
    const parse = amounts[key];
    if (parse !== undefined && parse(value) === undefined) return `invalid value for ${key}: ${value}`;
    if (key === 'bind-recursive' && !Object.hasOwn(recursion, value)) {
      return `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`;
    }
  }
  return pairs.some(([key]) => targets.includes(key)) ? undefined : 'target is required';
}

/** Octal digits, as chmod(1) takes them. */
function parsePermissions(text: string): number | undefined {
  return /^[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

function volumeOptions(pairs: readonly Pair[]): Record<string, unknown> | undefined {
  const all = (name: string) => pairs.filter(([key]) => key === name).map(([, value]) => value);
  const [noCopy, subpath, driver] = ['volume-nocopy', 'volume-subpath', 'volume-driver'].map((name) => all(name)[0]);
  const [labels, options] = [all('volume-label'), all('volume-opt')];
  if ([noCopy, subpath, driver, labels[0], options[0]].every((value) => value === undefined)) return undefined;
  const driverOptions = options.length === 0 ? {} : { Options: mapOf(options) };
  return {
    ...(isTrue(noCopy) ? { NoCopy: true } : {}),
    ...(labels.length === 0 ? {} : { Labels: mapOf(labels) }),
    ...(subpath === undefined ? {} : { Subpath: subpath }),
    ...(driver === undefined && options.length === 0
      ? {}
      : { DriverConfig: { ...(driver === undefined ? {} : { Name: driver }), ...driverOptions } }),
  };
}

function mapOf(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(assignments.map((text) => splitAssignment(text)));
}

/** A flag without a value counts as given. */
function isTrue(value: string | undefined): boolean {
  return value === '' || value === 'true' || value === '1';
}
