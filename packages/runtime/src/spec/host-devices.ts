import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/base';
import type { DeviceRequest } from './devices.ts';

/**
 * A device of the host for a container, as `--device HOST:CONTAINER:ACCESS` asks for it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words when there is no such device.
 */
export function readHostDevice(hostPath: string, path = hostPath, access = 'rwm'): DeviceRequest {
  const device = statDevice(hostPath, path, access);
  if (device) return device;
  const reason = statSync(hostPath, { throwIfNoEntry: false }) ? 'not a device node' : 'no such file or directory';
  throw new FairleadError(
    'invalid-argument',
    `error gathering device information while adding custom device "${hostPath}": ${reason}`,
  );
}

/** Every device of the host, for a privileged container. Terminals and shared memory are the container's own. */
export function readHostDevices(directory = '/dev'): DeviceRequest[] {
  const own = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', '.lxc', '.lxd-mounts', '.udev']);
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (own.has(entry.name)) return [];
    if (entry.isDirectory()) return readHostDevices(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? (statDevice(path, path, 'rwm') ?? []) : [];
  });
}

function statDevice(hostPath: string, path: string, access: string): DeviceRequest | undefined {
  const stat = statSync(hostPath, { throwIfNoEntry: false, bigint: true });
  if (!stat || !(stat.isCharacterDevice() || stat.isBlockDevice())) return undefined;
  return {
    path,
    type: stat.isBlockDevice() ? 'b' : 'c',
    ...deviceNumbers(stat.rdev),
    access,
    fileMode: Number(stat.mode & 0o777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** Major and minor number in a dev_t of the C library (makedev(3)). */
export function deviceNumbers(device: bigint): { major: number; minor: number } {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
