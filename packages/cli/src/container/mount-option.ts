import { resolve } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { splitAssignment } from '../command/options.ts';

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

/**
 * Read a `--mount`: `type=bind,source=/a,target=/b,readonly`.
 *
 * @throws FairleadError `invalid-argument` without a target.
 */
export function parseMount(text: string): Record<string, unknown> {
  const pairs = text.split(',').map((part) => splitAssignment(part));
  const first = (...names: string[]): string | undefined => pairs.find(([name]) => names.includes(name))?.[1];
  const target = first('target', 'destination', 'dst');
  if (target === undefined) {
    throw new FairleadError('invalid-argument', `invalid argument "${text}" for "--mount" flag: target is required`);
  }
  const propagation = first('bind-propagation');
  const size = first('tmpfs-size');
  const volume = volumeOptions(pairs);
  return {
    Type: first('type') ?? 'volume',
    Source: first('source', 'src') ?? '',
    Target: target,
    ReadOnly: isTrue(first('readonly', 'ro')),
    ...(propagation === undefined ? {} : { BindOptions: { Propagation: propagation } }),
    ...(size === undefined ? {} : { TmpfsOptions: { SizeBytes: Number(size) } }),
    ...(volume === undefined ? {} : { VolumeOptions: volume }),
  };
}

function volumeOptions(pairs: readonly (readonly [string, string])[]): Record<string, unknown> | undefined {
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
