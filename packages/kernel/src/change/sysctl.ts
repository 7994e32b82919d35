import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errnoOf } from '../system-call/errno-of.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/**
 * File of a sysctl key, in sysctl(8)'s notation: dots separate, and where a name has a dot itself there is a slash.
 *
 * @throws TypeError for a key that leads out of `/proc/sys`.
 */
export function sysctlPath(key: string): string {
  const parts = key.split('.').map((part) => part.replaceAll('/', '.'));
  if (parts.some((part) => part === '' || part === '.' || part === '..')) throw new TypeError(`no sysctl key: ${key}`);
  return `/proc/sys/${parts.join('/')}`;
}

/** Write a value in the namespace this thread is in. */
export function writeSysctlHere(key: string, value: string): void {
  const path = sysctlPath(key);
  asSystemCall('write', path, () => {
    const descriptor = openSync(path, 'w');
    try {
      writeSync(descriptor, value);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Read a value in the namespace this thread is in; `undefined` when there is no such key. */
export function readSysctlHere(key: string): string | undefined {
  const path = sysctlPath(key);
  try {
    return asSystemCall('read', path, () => readFileSync(path, 'utf8').trimEnd());
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

function asSystemCall<T>(verb: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined ? error : new SystemCallError(`${verb} ${path}`, errno);
  }
}
