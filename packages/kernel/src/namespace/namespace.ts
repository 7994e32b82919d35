import {
  access,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import type { IdentityMapping } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import { errnoOf } from '../system-call/errno-of.ts';
import { mount, setns, umount2, unshare } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { withUserNamespace } from './user-namespace.ts';

const directory = '/run/netns';
const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SHARED = 0x100000;
const MNT_DETACH = 2;
/** Magic number of nsfs (include/uapi/linux/magic.h): the file is a pinned namespace, not a leftover. */
const NSFS_MAGIC = 0x6e736673;

/** The namespace in which the process was started: the one that the empty name means. */
const hostNamespace = openSync('/proc/self/ns/net', 'r');
/** True while `work` runs somewhere else. */
let away = false;

// The threads of libuv's pool inherit the namespace of the thread that starts them: start them now, in the host's.
access('/', () => {});

/** Where a namespace is pinned; the host's is the one of the process itself. */
export function namespacePath(name: NamespaceName): string {
  return name === '' ? `/proc/self/fd/${hostNamespace}` : `${directory}/${name}`;
}

/**
 * Do `work` inside the namespace that `path` names, then return. Everything is synchronous, so no other JavaScript can
 * run in the wrong namespace; sockets stay in the namespace they were opened in. When the way back fails the process
 * aborts, for whatever it did next would happen in the wrong place.
 *
 * @throws Error `ENOENT` when there is no such file.
 * @throws TypeError when `work` returns a promise: what follows its first `await` would run outside.
 * @throws Error when called by such a `work`: there is no need to nest, and one way back is easier to be sure of.
 * @example
 * const fd = enterNamespace('/run/netns/fl-web', () => openDatagramSocket({ family: 4, port: 53 }));
 */
export function enterNamespace<T>(path: string, work: () => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return enterDescriptor(descriptor, work);
  } finally {
    closeSync(descriptor);
  }
}

/** As {@link enterNamespace}, for a namespace that is open already. */
export function enterDescriptor<T>(descriptor: number, work: () => T): T {
  return workAway(() => setns(descriptor, CLONE_NEWNET), work);
}

/** Do synchronous work in a namespace made for it, which ends when the last socket opened in it is closed. */
export function enterScratchNamespace<T>(work: () => T): T {
  return workAway(() => unshare(CLONE_NEWNET), work);
}

function workAway<T>(leave: () => void, work: () => T): T {
  if (away) throw new Error('a namespace is left before another one is entered');
  leave();
  away = true;
  try {
    return refusePromise(work());
  } finally {
    goBack();
  }
}

function refusePromise<T>(result: T): T {
  if (typeof result === 'object' && result !== null && 'then' in result) {
    throw new TypeError('work inside a namespace must be synchronous');
  }
  return result;
}

function goBack(): void {
  try {
    setns(hostNamespace, CLONE_NEWNET);
    away = false;
  } catch (error) {
    process.stderr.write(`cannot return to the network namespace of the process: ${error}\n`);
    process.abort();
  }
}

/**
 * Make a network namespace and pin it under `/run/netns`, as `ip netns add` does. `inside` runs in the new namespace
 * before it is left: the place to open the first socket without entering again.
 *
 * @param owner makes it belong to a user namespace of its own, which lives as long as it does.
 * @throws SystemCallError `EEXIST` when the name is taken.
 */
export function createNamespace<T = void>(
  name: NamespaceName,
  inside?: () => T,
  owner?: IdentityMapping,
): T | undefined {
  prepareDirectory();
  const path = namespacePath(name);
  reservePath(path);
  const pin = (process: string) => mount(`${process}/ns/net`, path, null, MS_BIND, null);
  try {
    if (owner !== undefined) {
      withUserNamespace(owner, pin, true);
      return inside && enterNamespace(path, inside);
    }
    return workAway(
      () => unshare(CLONE_NEWNET),
      () => {
        pin('/proc/thread-self');
        return inside?.();
      },
    );
  } catch (error) {
    deleteNamespace(name);
    throw error;
  }
}

/** The mount point. A plain file is what a crash between making and mounting left; it is taken over. */
function reservePath(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0));
  else if (isPinned(path)) throw new SystemCallError('open', 'EEXIST');
}

function isPinned(path: string): boolean {
  return pinAt(path) === 'namespace';
}

/** `undefined` for a name that has gone since it was listed: others make and remove theirs at any time. */
function pinAt(path: string): 'namespace' | 'plain file' | undefined {
  try {
    return statfsSync(path).type === NSFS_MAGIC ? 'namespace' : 'plain file';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Where namespaces are found by name, made and ended. */
export interface NamespacePlaces {
  /** A file that stands for it; opening the one of a name that there is none of fails with `ENOENT`. */
  path(name: NamespaceName): string;
  /** See {@link createNamespace}. @throws SystemCallError `EEXIST` when the name is taken. */
  create<T>(name: NamespaceName, inside: () => T, owner?: IdentityMapping): T | undefined;
  /** A name that is gone already is success. */
  remove(name: NamespaceName): void;
  /** Every name but the host's. */
  names(): readonly NamespaceName[];
}

/** Those of the machine, which every tool finds under `/run/netns`. */
export const pinnedPlaces: NamespacePlaces = {
  path: namespacePath,
  create: createNamespace,
  remove: deleteNamespace,
  names: listNamespaces,
};

let prepared = false;

/** Make the directory a shared mount point, so that pins reach other mount namespaces (iproute2, ip/ipnetns.c). */
function prepareDirectory(): void {
  if (prepared && existsSync(directory)) return;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  try {
    mount('', directory, 'none', MS_SHARED | MS_REC, null);
  } catch (error) {
    // EINVAL: not a mount point yet.
    if (!(error instanceof SystemCallError) || error.errno !== 'EINVAL') throw error;
    mount(directory, directory, 'none', MS_BIND | MS_REC, null);
    mount('', directory, 'none', MS_SHARED | MS_REC, null);
  }
  prepared = true;
}

/**
 * Unpin a namespace. It ends when its last process and socket are gone, in the background. A name that is gone already
 * is success.
 */
export function deleteNamespace(name: NamespaceName): void {
  const path = namespacePath(name);
  if (!existsSync(path)) return;
  if (isPinned(path)) umount2(path, MNT_DETACH);
  unlinkSync(path);
}

/**
 * Take `/run/netns` away, the mount and the folder, when nobody has anything pinned there. Whoever pins the next one
 * makes it anew, `ip netns add` too.
 */
export function removeNamespaceDirectory(): void {
  if (!existsSync(directory) || pinFiles().length > 0) return;
  try {
    umount2(directory, 0);
  } catch (error) {
    // EINVAL: it was no mount point.
    if (!(error instanceof SystemCallError) || error.errno !== 'EINVAL') throw error;
  }
  rmdirSync(directory);
}

/** Names of all pinned namespaces, sorted; without the host's. */
export function listNamespaces(): NamespaceName[] {
  return pinFiles().filter((name) => isPinned(namespacePath(name)));
}

/** Names under which nothing is pinned: a process was killed between making the file and mounting a namespace on it. */
export function listEmptyPins(): NamespaceName[] {
  return pinFiles().filter((name) => pinAt(namespacePath(name)) === 'plain file');
}

function pinFiles(): NamespaceName[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** A network namespace that processes are in. */
export interface ProcessNamespace {
  readonly inode: number;
  /** The process with the lowest number: the one that was started first, as a rule. */
  readonly pid: number;
}

/**
 * Every network namespace that a process of this machine is in, whoever made it; a process that ends meanwhile is passed
 * over.
 */
export function namespacesOfProcesses(): ProcessNamespace[] {
  const found = new Map<number, ProcessNamespace>();
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (const pid of pids.sort((left, right) => left - right)) {
    const inode = inodeAt(`/proc/${pid}/ns/net`);
    if (inode !== undefined && !found.has(inode)) found.set(inode, { inode, pid });
  }
  return [...found.values()];
}

/** Number of the namespace of a name, which is what tells two of them apart; `undefined` when there is none. */
export function namespaceInode(name: NamespaceName): number | undefined {
  return inodeAt(namespacePath(name));
}

/** A process can end between being listed and being looked at: ENOENT, or ESRCH. */
function inodeAt(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
