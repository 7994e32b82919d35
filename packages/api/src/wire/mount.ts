import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import type { MountRequest, MountView, VolumeMountOptions } from '@fairlead/engine';
import * as v from 'valibot';
import type { ApiVersion } from '../http/api-version.ts';
import { goBoolean, goInteger, goObject, goString } from './go-json.ts';

const optionalMap = v.optional(v.record(v.string(), v.string()));

/** One entry of `HostConfig.Mounts`. */
export const mountSchema = goObject({
  Type: goString,
  Source: goString,
  Target: goString,
  ReadOnly: goBoolean,
  BindOptions: v.optional(goObject({ Propagation: goString, NonRecursive: goBoolean })),
  VolumeOptions: v.optional(
    goObject({
      NoCopy: goBoolean,
      Labels: optionalMap,
      DriverConfig: v.optional(goObject({ Name: goString, Options: optionalMap })),
      Subpath: goString,
    }),
  ),
  TmpfsOptions: v.optional(goObject({ SizeBytes: goInteger, Mode: goInteger })),
});

type WireMount = v.InferOutput<typeof mountSchema>;

const mountTypes = ['bind', 'volume', 'tmpfs'] as const;
/** From this version on a part of a volume can be mounted; before, nobody could mean it. */
const subpathSince = 45;

/**
 * A `--mount` as the engine has it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseMount(mount: WireMount, version: ApiVersion): MountRequest {
  const type = mountTypes.find((name) => name === mount.Type);
  const fault = type === undefined ? 'mount type unknown' : faultOf(mount, type);
  if (type === undefined || fault !== undefined) {
    throw new FairleadError(
      'invalid-argument',
      `invalid mount config for type ${JSON.stringify(mount.Type)}: ${fault}`,
    );
  }
  const { Propagation: propagation = '', NonRecursive: nonRecursive = false } = mount.BindOptions ?? {};
  const { SizeBytes: size = 0, Mode: permissions = 0 } = mount.TmpfsOptions ?? {};
  return {
    type,
    source: mount.Source,
    target: mount.Target,
    readOnly: mount.ReadOnly,
    ...(propagation !== '' && { propagation }),
    ...(nonRecursive && { nonRecursive }),
    ...(size !== 0 && { size }),
    ...(permissions !== 0 && { permissions }),
    ...(mount.VolumeOptions !== undefined && { volume: parseVolumeOptions(mount.VolumeOptions, version) }),
  };
}

function faultOf(mount: WireMount, type: MountRequest['type']): string | undefined {
  const { Source: source, Target: target } = mount;
  const strange = mountTypes.find((other) => other !== type && mount[optionsNames[other]] !== undefined);
  if (strange !== undefined) return `field ${optionsNames[strange]} must not be specified`;
  if (target === '') return 'field Target must not be empty';
  if (posix.resolve('/', target) === '/') return "invalid specification: destination can't be '/'";
  if (!target.startsWith('/')) return `invalid mount path: '${target}' mount path must be absolute`;
  if (type === 'bind' && source === '') return 'field Source must not be empty';
  if (type === 'bind' && !source.startsWith('/')) return `invalid mount path: '${source}' mount path must be absolute`;
  if (type === 'tmpfs' && source !== '') return 'field Source must not be specified';
  return subpathFault(source, mount.VolumeOptions?.Subpath ?? '');
}

const optionsNames = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions' } as const;

function subpathFault(source: string, subpath: string): string | undefined {
  if (subpath === '') return undefined;
  if (source === '') return 'must not set Subpath when using anonymous volumes';
  const leadsOut = subpath.startsWith('/') || /^\.\.(\/|$)/.test(posix.normalize(subpath));
  return leadsOut ? 'subpath must be a relative path within the volume' : undefined;
}

function parseVolumeOptions(options: NonNullable<WireMount['VolumeOptions']>, version: ApiVersion): VolumeMountOptions {
  const { NoCopy: noCopy, Labels: labels, DriverConfig: driver, Subpath: subpath } = options;
  return {
    noCopy,
    ...(labels !== undefined && { labels }),
    ...(driver !== undefined && {
      driver: { name: driver.Name, ...(driver.Options !== undefined && { options: driver.Options }) },
    }),
    subpath: version >= subpathSince ? posix.normalize(subpath).replace(/^\.$/, '') : '',
  };
}

/** A `--mount` as `HostConfig.Mounts` shows it. */
export function presentMountRequest(mount: MountRequest) {
  const { propagation, nonRecursive, size, permissions } = mount;
  const bind = { ...(propagation && { Propagation: propagation }), ...(nonRecursive && { NonRecursive: true }) };
  const tmpfs = { ...(size && { SizeBytes: size }), ...(permissions && { Mode: permissions }) };
  return {
    Type: mount.type,
    ...(mount.source !== '' && { Source: mount.source }),
    Target: mount.target,
    ...(mount.readOnly && { ReadOnly: true }),
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(mount.volume !== undefined && { VolumeOptions: presentVolumeOptions(mount.volume) }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
  };
}

function presentVolumeOptions({ noCopy, labels, driver, subpath }: VolumeMountOptions) {
  return {
    ...(noCopy && { NoCopy: true }),
    ...(labels !== undefined && { Labels: labels }),
    ...(subpath !== '' && { Subpath: subpath }),
    ...(driver !== undefined && {
      DriverConfig: {
        ...(driver.name !== '' && { Name: driver.name }),
        ...(driver.options !== undefined && { Options: driver.options }),
      },
    }),
  };
}

/** A mount as a container has it. */
export function presentMount(mount: MountView) {
  return {
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver !== undefined && { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
}
