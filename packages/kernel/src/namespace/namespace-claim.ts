import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { errnoOf } from '../system-call/errno-of.ts';
import { bind, close, socket } from '../system-call/syscalls.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/** A process that has claimed something. */
export interface Claimant {
  /** 0 when it cannot be seen from here. */
  readonly pid: number;
  /** Who runs it; root for one that cannot be seen: another namespace of processes has its own. */
  readonly uid: number;
}

/**
 * Claim a name in the network namespace of this thread, until it is disposed of or this process ends, however it ends: the
 * name is that of an abstract socket (unix(7)), which the kernel knows once in every network namespace.
 *
 * @returns who has it already, if somebody has.
 * @throws SystemCallError
 */
export function claimInNamespace(name: string): Disposable | Claimant {
  // sa_family_t is in the machine's byte order, which is little-endian on all that we run on.
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0, 0]), Buffer.from(name)]);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    bind(descriptor, address, address.length);
    return { [Symbol.dispose]: () => void close(descriptor) };
  } catch (error) {
    close(descriptor);
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    return claimant(name);
  }
}

function claimant(name: string): Claimant {
  const table = readFileSync('/proc/thread-self/net/unix', 'utf8').split('\n');
  // Sockets of other types have names of their own (net/unix/af_unix.c, unix_abstract_hash).
  const fields = table.map((line) => line.split(/ +/));
  const inode = fields.find(([, , , , type, , , path]) => Number(type) === SOCK_DGRAM && path === `@${name}`)?.[6];
  const target = `socket:[${inode}]`;
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && hasOpen(entry, target));
  return pid === undefined ? { pid: 0, uid: 0 } : { pid: Number(pid), uid: ownerOf(pid) };
}

/** False also for a process that has ended meanwhile. */
function hasOpen(pid: string, target: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((entry) => readlinkSync(`${folder}/${entry}`) === target);
  } catch {
    return false;
  }
}

function ownerOf(pid: string): number {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0;
}
