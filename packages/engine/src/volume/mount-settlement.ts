import { posix } from 'node:path';
import { FairleadError, newIdentifier } from '@fairlead/base';
import type { PlannedMount } from '../container/mount/mount-plan.ts';
import type { Container } from '../model.ts';
import type { ContainerMount } from './volume-model.ts';
import { anonymousLabels } from './volume-name.ts';
import type { VolumeRequest } from './volume-port.ts';
import type { VolumesFrom } from './volumes-from.ts';

/** Everything that asks for mounts of a container. */
export interface MountSources {
  /** Of `-v`, `--mount` and `--tmpfs`: of two at one place the later one is on top. */
  readonly own: readonly PlannedMount[];
  /** Taken over from other containers, in the order in which those were named. */
  readonly inherited: readonly ContainerMount[];
  /** Where the request or the image wants an anonymous volume. */
  readonly anonymous: readonly string[];
}

/**
 * What is mounted where. A container's own mounts win over those taken over, of which the last one does, and anonymous
 * volumes come only where nothing else is (Docker's documentation of `--volumes-from` and of `VOLUME`).
 *
 * @param newName makes the name of an anonymous volume.
 */
export function settleMounts({ own, inherited, anonymous }: MountSources, newName = newIdentifier): ContainerMount[] {
  const settled = own.map((mount) => settle(mount, newName));
  const taken = new Set(own.map(({ target }) => target));
  const others = new Map<string, ContainerMount>();
  for (const mount of inherited) if (!taken.has(mount.target)) others.set(mount.target, mount);
  const more = new Map<string, ContainerMount>();
  for (const target of anonymous.map(anonymousTarget)) {
    if (taken.has(target) || others.has(target) || more.has(target)) continue;
    more.set(target, anonymousMount(target, newName()));
  }
  return [...others.values(), ...settled, ...more.values()];
}

/** The mounts that another container hands on. What is in memory only cannot be shared. */
export function inheritedMounts(mounts: readonly ContainerMount[], { readOnly }: VolumesFrom): ContainerMount[] {
  return mounts
    .filter(({ type }) => type !== 'tmpfs')
    .map(({ awaitsContent: _, ...mount }) => ({ ...mount, mode: '', readOnly: mount.readOnly || readOnly }))
    .map((mount) => (mount.volumeName === undefined ? mount : { ...mount, driver: mount.driver ?? 'local' }));
}

/**
 * The volumes that mounts need, so that those of them that do not exist can be made.
 *
 * @param driver of those that name none.
 */
export function wantedVolumes(mounts: readonly ContainerMount[], driver: string): VolumeRequest[] {
  return mounts.flatMap((mount) => {
    const { volumeName, source, volume } = mount;
    if (volumeName === undefined) return [];
    const labels = source === '' ? { ...volume?.labels, ...anonymousLabels } : (volume?.labels ?? null);
    const options = volume?.driver?.options ?? null;
    // A new name cannot be one that some plugin knows.
    const wanted = mount.driver ?? (volume?.driver?.name || driver || (source === '' ? 'local' : ''));
    return [{ name: volumeName, driver: wanted, options, labels }];
  });
}

/**
 * Mounts with the drivers of their volumes.
 *
 * @param driverOf a volume by name.
 */
export function withDrivers(mounts: readonly ContainerMount[], driverOf: (volume: string) => string): ContainerMount[] {
  return mounts.map((mount) => {
    const { volumeName, mode } = mount;
    if (volumeName === undefined) return mount;
    const driver = driverOf(volumeName);
    // As with Docker, which marks what it labels for SELinux.
    return { ...mount, driver, mode: mode === 'z' && driver !== 'local' ? '' : mode };
  });
}

/** IDs of the images that a container needs: that which it was made of, and those that it has mounted. */
export function imagesOf({ imageId, mounts = [] }: Pick<Container, 'imageId' | 'mounts'>): string[] {
  return [imageId, ...mounts.flatMap(({ mountedImage }) => mountedImage?.id ?? [])];
}

/** Names of the volumes that a container has, each once. */
export function volumeNames({ mounts = [] }: Pick<Container, 'mounts'>): string[] {
  return [...new Set(mounts.flatMap(({ volumeName }) => volumeName ?? []))];
}

/** Those of them that no plugin has. */
export function localVolumeNames({ mounts = [] }: Pick<Container, 'mounts'>): string[] {
  return volumeNames({ mounts: mounts.filter(({ driver = 'local' }) => driver === 'local') });
}

/** Those of them that nobody named: they may go with the container. */
export function anonymousVolumes({ mounts = [] }: Pick<Container, 'mounts'>): string[] {
  return volumeNames({ mounts: mounts.filter(({ source }) => source === '') });
}

/** True until the image's content has been copied into all volumes that get it. */
export function awaitsContent({ mounts = [] }: Pick<Container, 'mounts'>): boolean {
  return mounts.some((mount) => mount.awaitsContent === true);
}

/** Inspect shows the mode of a volume that was asked for without any as `z`, as Docker does. */
function settle(mount: PlannedMount, newName: () => string): ContainerMount {
  if (mount.type !== 'volume') return mount;
  const keepsEmpty =
    mount.volume?.noCopy === true || (mount.volume?.subpath ?? '') !== '' || mount.mode.split(',').includes('nocopy');
  return {
    ...mount,
    mode: mount.mode || 'z',
    volumeName: mount.source || newName(),
    ...(!keepsEmpty && { awaitsContent: true }),
  };
}

function anonymousMount(target: string, volumeName: string): ContainerMount {
  return { type: 'volume', source: '', target, readOnly: false, mode: '', volumeName, awaitsContent: true };
}

function anonymousTarget(path: string): string {
  const target = posix.resolve('/', path);
  if (target !== '/') return target;
  const reason = "invalid specification: destination can't be '/'";
  throw new FairleadError('invalid-argument', `invalid volume specification: '${path}': ${reason}`);
}
