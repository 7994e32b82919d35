import { readFileSync } from 'node:fs';
import { type ErrnoName, errnoText } from '@fairlead/netlink/errno';
import { errnoOf } from '../system-call/errno-of.ts';
import { umount2 } from '../system-call/syscalls.ts';
import { type FileSystemMount, tryMount } from './mount-call.ts';
import { parseMountOptions } from './mount-options.ts';
import { parseMountPoints } from './mount-table.ts';

const MNT_DETACH = 2;
/** File systems that wait for nothing: neither for a disk nor for a server. */
const immediate = ['none', 'bind', 'tmpfs', 'ramfs', 'overlay'];

/**
 * Mount a file system. One that may have to wait gets a thread of its own: a server that does not answer holds the caller
 * of mount(2) for minutes.
 *
 * @throws Error in the words of Docker's mounts: `mount SOURCE:TARGET, flags: 0x1000, data: size=1m: no such device`.
 */
export async function mountFileSystem(mount: FileSystemMount): Promise<void> {
  const errno = immediate.includes(mount.type) ? tryMount(mount) : await tryOnThread(mount);
  if (errno === undefined) return;
  const { flags, data } = parseMountOptions(mount.options);
  const details = `${flags === 0 ? '' : `, flags: 0x${flags.toString(16)}`}${data === '' ? '' : `, data: ${data}`}`;
  throw new Error(`mount ${mount.source}:${mount.target}${details}: ${reasonOf(errno)}`);
}

/** Take a mount away; what still uses it keeps it until it lets go. Nothing mounted there is success. */
export function unmountFileSystem(target: string): void {
  try {
    umount2(target, MNT_DETACH);
  } catch (error) {
    const errno = errnoOf(error);
    // EINVAL: not a mount point.
    if (errno !== 'EINVAL' && errno !== 'ENOENT') throw error;
  }
}

/** Every path on which something is mounted, as this process sees it, in the order in which it was. */
export function mountPoints(): string[] {
  return parseMountPoints(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The number of an error is known to the thread only that got it, so it makes the whole call. */
function tryOnThread(mount: FileSystemMount): Promise<ErrnoName | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ErrnoName | undefined>();
  // Node loads what it knows of threads with the first one.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(new URL('./mount-thread.ts', import.meta.url), { workerData: mount });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the thread that mounts ended with ${code}`)));
  return promise;
}

/** As Go writes it: like C, but for the first letter. */
function reasonOf(errno: ErrnoName): string {
  const text = errnoText(errno);
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}
