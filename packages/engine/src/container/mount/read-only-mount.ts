import { FairleadError } from '@fairlead/base';
import type { ContainerMount } from '../../volume/volume-model.ts';
import type { HostConfig } from '../configuration/container-config.ts';

type ReadOnlySettings = Pick<HostConfig, 'readOnlyNonRecursive'>;

/** Whether what is mounted below a read-only mount is to be read-only too: unless its client is an old one, or says no. */
export function wantsRecursiveReadOnly(mount: ContainerMount, host: ReadOnlySettings): boolean {
  if (!mount.readOnly || mount.type === 'tmpfs') return false;
  return !host.readOnlyNonRecursive && !mount.bind?.readOnlyNonRecursive;
}

/**
 * Whether it will be.
 *
 * @param fault why that cannot be had here; absent where it can.
 * @throws FairleadError `invalid-argument` in Docker's words when the mount insists on what cannot be.
 */
export function isRecursivelyReadOnly(
  mount: ContainerMount,
  host: ReadOnlySettings,
  fault: string | undefined,
): boolean {
  if (!wantsRecursiveReadOnly(mount, host)) return false;
  if (fault !== undefined && mount.bind?.readOnlyForceRecursive) throw new FairleadError('invalid-argument', fault);
  return fault === undefined;
}
