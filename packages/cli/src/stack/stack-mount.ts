import type { ComposeMount, ComposeVolume } from '@fairlead/compose';
import { refusal } from '../command/refusal.ts';
import type { ServiceMount } from '../service/wire.ts';
import { scoped, stackLabel } from './namespace.ts';

/** Options that each type of mount has; the others do not go with it. */
const kinds = ['volume', 'image', 'bind', 'tmpfs'] as const;

/**
 * A mount of a stack's service: volumes are the stack's own unless they are external.
 *
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function stackMount(
  stack: string,
  mount: ComposeMount,
  volumes: Readonly<Record<string, ComposeVolume>>,
): ServiceMount {
  const { type = 'volume', source = '', target = '' } = mount;
  const kind = kinds.find((name) => name === (type === 'npipe' ? 'bind' : type));
  if (kind === undefined) throw refusal('volume type must be volume, bind, tmpfs, npipe, or cluster');
  if (kind === 'tmpfs' && source !== '') throw refusal('invalid tmpfs source, source must be empty');
  if ((kind === 'bind' || kind === 'image') && source === '') {
    throw refusal(`invalid ${type} source, source cannot be empty`);
  }
  const other = kinds.find((name) => name !== kind && mount[name] !== undefined);
  if (other !== undefined) throw refusal(`${other} options are incompatible with type ${type}`);
  const plain = {
    Type: type,
    Target: target,
    Source: source,
    ...(mount.read_only && { ReadOnly: true }),
    ...(mount.consistency && { Consistency: mount.consistency }),
  };
  if (kind === 'bind')
    return { ...plain, ...(mount.bind && { BindOptions: { Propagation: mount.bind.propagation ?? '' } }) };
  if (kind === 'tmpfs') return { ...plain, ...(mount.tmpfs && { TmpfsOptions: { SizeBytes: mount.tmpfs.size ?? 0 } }) };
  if (kind === 'image')
    return { ...plain, ...(mount.image && { ImageOptions: { Subpath: mount.image.subpath ?? '' } }) };
  return source === '' ? plain : { ...plain, ...volumeOf(stack, mount, source, volumes) };
}

function volumeOf(
  stack: string,
  { volume }: ComposeMount,
  source: string,
  volumes: Readonly<Record<string, ComposeVolume>>,
): ServiceMount {
  if (!Object.hasOwn(volumes, source)) throw refusal(`undefined volume ${JSON.stringify(source)}`);
  const { name, external = false, labels, driver, driver_opts: options } = volumes[source] ?? {};
  const own = { ...(volume?.nocopy && { NoCopy: true }), ...(volume?.subpath && { Subpath: volume.subpath }) };
  if (external) return { Source: name ?? scoped(stack, source), VolumeOptions: own };
  return {
    Source: name ?? scoped(stack, source),
    VolumeOptions: {
      ...own,
      Labels: { ...labels, [stackLabel]: stack },
      ...((driver ?? options) !== undefined && { DriverConfig: { Name: driver ?? '', Options: options ?? {} } }),
    },
  };
}
