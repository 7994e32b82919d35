import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import type {
  BindMountOptions,
  ImageMountOptions,
  MountRequest,
  MountView,
  VolumeMountOptions,
} from '@fairlead/engine';
import * as v from 'valibot';
import type { ApiVersion } from '../http/api-version.ts';
import { goBoolean, goInteger, goObject, goOptionalMap, goString } from './go-json.ts';

/** One entry of `HostConfig.Mounts`. */
export const mountSchema = goObject({
  Type: goString,
  Source: goString,
  Target: goString,
  ReadOnly: goBoolean,
  Consistency: goString,
  BindOptions: v.optional(
    goObject({
      Propagation: goString,
      NonRecursive: goBoolean,
      CreateMountpoint: goBoolean,
      ReadOnlyNonRecursive: goBoolean,
      ReadOnlyForceRecursive: goBoolean,
    }),
  ),
  VolumeOptions: v.optional(
    goObject({
      NoCopy: goBoolean,
      Labels: goOptionalMap,
      DriverConfig: v.optional(goObject({ Name: goString, Options: goOptionalMap })),
      Subpath: goString,
    }),
  ),
  ImageOptions: v.optional(goObject({ Subpath: goString })),
  TmpfsOptions: v.optional(
    goObject({
      SizeBytes: goInteger,
      Mode: goInteger,
      Options: v.optional(v.array(v.array(v.string()))),
    }),
  ),
});

type WireMount = v.InferOutput<typeof mountSchema>;

const mountTypes = ['bind', 'volume', 'image', 'tmpfs'] as const;
const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Versions since which there are options; before, nobody could mean them. */
const since = { nonRecursive: 40, createMountpoint: 42, subpath: 45 };
/** Version since which images can be mounted; who asked for it in an older one would get something else. */
const imagesSince = 48;

/** Version since which a read-only mount is so with all that is mounted below it. */
export const recursiveReadOnlySince = 44;

/**
 * A `--mount` as the engine has it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseMount(mount: WireMount, version: ApiVersion): MountRequest {
  if (mount.Type === 'image' && version < imagesSince) {
    throw new FairleadError('invalid-argument', 'Mount type "Image" needs API v1.48 or newer');
  }
  const type = mountTypes.find((name) => name === mount.Type);
  const fault = type === undefined ? 'mount type unknown' : faultOf(mount, type);
  if (type === undefined || fault !== undefined) {
    throw new FairleadError(
      'invalid-argument',
      `invalid mount config for type ${JSON.stringify(mount.Type)}: ${fault}`,
    );
  }
  // Rather refused than left out: who asks for it relies on it (moby, container_routes.go).
  if (mount.BindOptions?.ReadOnlyForceRecursive && version < recursiveReadOnlySince) {
    throw new FairleadError('invalid-argument', 'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
  }
  const propagation = mount.BindOptions?.Propagation ?? '';
  const { SizeBytes: size = 0, Mode: permissions = 0, Options: tmpfsOptions } = mount.TmpfsOptions ?? {};
  return {
    type,
    source: mount.Source,
    target: mount.Target,
    readOnly: mount.ReadOnly,
    ...(propagation !== '' && { propagation }),
    ...(mount.Consistency !== '' && { consistency: mount.Consistency }),
    ...(mount.BindOptions !== undefined && { bind: parseBindOptions(mount.BindOptions, version) }),
    ...(size !== 0 && { size }),
    ...(permissions !== 0 && { permissions }),
    ...(tmpfsOptions !== undefined && tmpfsOptions.length > 0 && { tmpfsOptions }),
    ...(mount.VolumeOptions !== undefined && { volume: parseVolumeOptions(mount.VolumeOptions, version) }),
    ...(mount.ImageOptions !== undefined && { image: { subpath: normalSubpath(mount.ImageOptions.Subpath) } }),
  };
}

function faultOf(mount: WireMount, type: MountRequest['type']): string | undefined {
  const { Source: source, Target: target } = mount;
  const strange = mountTypes.find((other) => other !== type && mount[optionsNames[other]] !== undefined);
  if (strange !== undefined) return `field ${optionsNames[strange]} must not be specified`;
  if (target === '') return 'field Target must not be empty';
  if (posix.resolve('/', target) === '/') return "invalid specification: destination can't be '/'";
  if (!target.startsWith('/')) return `invalid mount path: '${target}' mount path must be absolute`;
  if ((type === 'bind' || type === 'image') && source === '') return 'field Source must not be empty';
  if (type === 'bind' && !source.startsWith('/')) return `invalid mount path: '${source}' mount path must be absolute`;
  if (type === 'tmpfs' && source !== '') return 'field Source must not be specified';
  const conflict = readOnlyConflict(mount);
  if (conflict !== undefined) return conflict;
  const propagation = mount.BindOptions?.Propagation ?? '';
  if (propagation !== '' && !propagations.includes(propagation)) return `invalid propagation mode: ${propagation}`;
  if (type === 'volume' && source === '' && mount.ReadOnly) {
    return 'must not set ReadOnly mode when using anonymous volumes';
  }
  const subpath = (mount.VolumeOptions ?? mount.ImageOptions)?.Subpath ?? '';
  return tmpfsFault(mount.TmpfsOptions?.Options ?? []) ?? subpathFault(source, subpath);
}

const optionsNames = {
  bind: 'BindOptions',
  volume: 'VolumeOptions',
  image: 'ImageOptions',
  tmpfs: 'TmpfsOptions',
} as const;

function readOnlyConflict({ ReadOnly: readOnly, BindOptions: options }: WireMount): string | undefined {
  const { ReadOnlyNonRecursive: nonRecursive = false, ReadOnlyForceRecursive: force = false } = options ?? {};
  const both = 'mount options conflict: ';
  if (!readOnly && nonRecursive) return `${both}!ReadOnly && BindOptions.ReadOnlyNonRecursive`;
  if (!readOnly && force) return `${both}!ReadOnly && BindOptions.ReadOnlyForceRecursive`;
  return nonRecursive && force ? `${both}ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive` : undefined;
}

/** Besides its size and permissions only whether programs run from it can be said (moby, volume/mounts/linux_parser.go). */
function tmpfsFault(options: readonly (readonly string[])[]): string | undefined {
  if (options.some(({ length }) => length < 1 || length > 2)) return 'invalid option array length';
  const strange = options.find(([name = '']) => !['exec', 'noexec'].includes(name));
  return strange && `invalid option: ${strange[0]}`;
}

function subpathFault(source: string, subpath: string): string | undefined {
  if (subpath === '') return undefined;
  if (source === '') return 'must not set Subpath when using anonymous volumes';
  const leadsOut = subpath.startsWith('/') || /^\.\.(\/|$)/.test(posix.normalize(subpath));
  return leadsOut ? 'subpath must be a relative path within the volume' : undefined;
}

function parseBindOptions(options: NonNullable<WireMount['BindOptions']>, version: ApiVersion): BindMountOptions {
  return {
    nonRecursive: options.NonRecursive && version >= since.nonRecursive,
    createMountpoint: options.CreateMountpoint && version >= since.createMountpoint,
    readOnlyNonRecursive: options.ReadOnlyNonRecursive,
    readOnlyForceRecursive: options.ReadOnlyForceRecursive,
  };
}

function parseVolumeOptions(options: NonNullable<WireMount['VolumeOptions']>, version: ApiVersion): VolumeMountOptions {
  const { NoCopy: noCopy, Labels: labels, DriverConfig: driver, Subpath: subpath } = options;
  return {
    noCopy,
    ...(labels !== undefined && { labels }),
    ...(driver !== undefined && {
      driver: { name: driver.Name, ...(driver.Options !== undefined && { options: driver.Options }) },
    }),
    subpath: version >= since.subpath ? normalSubpath(subpath) : '',
  };
}

function normalSubpath(subpath: string): string {
  return posix.normalize(subpath).replace(/^\.$/, '');
}

/** A `--mount` as `HostConfig.Mounts` shows it. */
export function presentMountRequest(mount: MountRequest) {
  return {
    Type: mount.type,
    ...(mount.source !== '' && { Source: mount.source }),
    Target: mount.target,
    ...(mount.readOnly && { ReadOnly: true }),
    ...(mount.consistency !== undefined && { Consistency: mount.consistency }),
    ...((mount.bind ?? mount.propagation) !== undefined && { BindOptions: presentBindOptions(mount) }),
    ...(mount.volume !== undefined && { VolumeOptions: presentVolumeOptions(mount.volume) }),
    ...(mount.image !== undefined && { ImageOptions: presentImageOptions(mount.image) }),
    ...presentTmpfsOptions(mount),
  };
}

function presentBindOptions({ propagation, bind }: MountRequest) {
  return {
    ...(propagation !== undefined && { Propagation: propagation }),
    ...(bind?.nonRecursive && { NonRecursive: true }),
    ...(bind?.createMountpoint && { CreateMountpoint: true }),
    ...(bind?.readOnlyNonRecursive && { ReadOnlyNonRecursive: true }),
    ...(bind?.readOnlyForceRecursive && { ReadOnlyForceRecursive: true }),
  };
}

function presentImageOptions({ subpath }: ImageMountOptions) {
  return { ...(subpath !== '' && { Subpath: subpath }) };
}

function presentTmpfsOptions({ size, permissions, tmpfsOptions }: MountRequest) {
  if ((size ?? permissions ?? tmpfsOptions) === undefined) return {};
  return {
    TmpfsOptions: {
      ...(size !== undefined && { SizeBytes: size }),
      ...(permissions !== undefined && { Mode: permissions }),
      ...(tmpfsOptions !== undefined && { Options: tmpfsOptions }),
    },
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
