import { closeSync, openSync, writeFileSync } from 'node:fs';
import { formatIdentityRanges, type IdentityMapping } from '@fairlead/base';
import { cloneSleeper, ioctl, waitpid } from '../system-call/syscalls.ts';

const CLONE_NEWUSER = 0x10000000;
const CLONE_NEWNET = 0x40000000;
/** ioctl_ns(2): the user namespace that a namespace belongs to. */
const NS_GET_USERNS = 0xb701;
/** waitpid(2): children that signal their end, and those that do not. */
const WALL = 0x40000000;
/** Seconds; all that is done with such a process takes less than a millisecond. */
const lifetime = 10;

/**
 * Make a user namespace and do `work` with it, synchronously. It lives on in what `work` has opened or mounted.
 *
 * @param work gets the directory of a process in it under `/proc`.
 * @param network also make a network namespace that belongs to it.
 * @throws SystemCallError for example `ENOSPC`: there are as many as /proc/sys/user/max_user_namespaces allows.
 */
export function withUserNamespace<T>(
  { users, groups }: IdentityMapping,
  work: (process: string) => T,
  network = false,
): T {
  const pid = cloneSleeper(network ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWUSER, lifetime);
  const directory = `/proc/${pid}`;
  try {
    writeFileSync(`${directory}/uid_map`, formatIdentityRanges(users));
    writeFileSync(`${directory}/gid_map`, formatIdentityRanges(groups));
    return work(directory);
  } finally {
    process.kill(pid, 'SIGKILL');
    waitpid(pid, null, WALL);
  }
}

/** A user namespace that is held open. */
export interface OpenUserNamespace extends Disposable {
  /** Where other processes find it, for as long as it is held. */
  readonly path: string;
}

/** Open the user namespace that a network namespace belongs to. @param path of the network namespace. */
export function openOwner(path: string): OpenUserNamespace {
  const descriptor = openSync(path, 'r');
  try {
    const owner = ioctl(descriptor, NS_GET_USERNS, 0);
    // Spelled so that runc from 1.1.13 on takes it for no `/proc/PID/ns/user`: of any path that begins with `/proc/PID` it
    // reads the mapping of that very process (libcontainer/internal/userns, GetUserNamespaceMappings).
    return { path: `/./proc/${process.pid}/fd/${owner}`, [Symbol.dispose]: () => closeSync(owner) };
  } finally {
    closeSync(descriptor);
  }
}
