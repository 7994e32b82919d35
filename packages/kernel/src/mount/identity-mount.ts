import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { IdentityMapping } from '@fairlead/base';
import { withUserNamespace } from '../namespace/user-namespace.ts';
import { mount, mountSetAttributes, moveMount, openTree } from '../system-call/syscalls.ts';
import { unmountFileSystem } from './file-system-mount.ts';

/** The same numbers on every architecture (include/uapi/asm-generic/unistd.h); since Linux 5.2, 5.2 and 5.12. */
const OPEN_TREE = 428;
const MOVE_MOUNT = 429;
const MOUNT_SETATTR = 442;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const MOVE_MOUNT_FROM_EMPTY_PATH = 4;
const MOUNT_ATTR_IDMAP = 0x100000n;
const MS_PRIVATE = 1n << 18n;

/**
 * The kernel itself makes and removes files in an overlay's directories as the host's root, and so may the caller: on the disk
 * he is somebody whom no container can be.
 */
const hostRoot = { inside: 2 ** 32 - 2, outside: 0, count: 1 };

/**
 * Mount a directory a second time, where what belongs to an identity inside of the mapping belongs to the one outside, and
 * the other way round for what is written there (mount_setattr(2), ID-mapped mounts). The host's root is 4294967294 there.
 *
 * @param target is made.
 * @throws SystemCallError `EINVAL` when the file system of `source` cannot do this.
 */
export function mountWithIdentities(source: string, target: string, mapping: IdentityMapping): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const tree = openTree(OPEN_TREE, AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC);
  try {
    withUserNamespace(withHostRoot(mapping), (process) => mapTree(tree, `${process}/ns/user`));
    moveMount(MOVE_MOUNT, tree, '', AT_FDCWD, target, MOVE_MOUNT_FROM_EMPTY_PATH);
  } finally {
    closeSync(tree);
  }
}

function withHostRoot({ users, groups }: IdentityMapping): IdentityMapping {
  return { users: [...users, hostRoot], groups: [...groups, hostRoot] };
}

function mapTree(tree: number, userNamespace: string): void {
  const descriptor = openSync(userNamespace, 'r');
  try {
    const attributes = new Uint8Array(
      new BigUint64Array([MOUNT_ATTR_IDMAP, 0n, MS_PRIVATE, BigInt(descriptor)]).buffer,
    );
    mountSetAttributes(MOUNT_SETATTR, tree, '', AT_EMPTY_PATH, attributes, attributes.length);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Make sure that an overlay can be put together from a directory that is mounted with other identities, as containers with
 * users of their own need it: Linux 5.19, and a file system that has ID-mapped mounts.
 *
 * @param folder on the file system in question. `.identities` in it is used for a moment.
 * @throws Error that says what is missing.
 */
export function requireMappedOverlays(folder: string, mapping: IdentityMapping): void {
  const place = join(folder, '.identities');
  const at = (...names: string[]) => join(place, ...names);
  const [mapped, merged] = [at('mapped'), at('merged')];
  dropProbe(place, [merged, mapped]);
  try {
    for (const name of ['lower', 'upper', 'work']) mkdirSync(at('layers', name), { recursive: true, mode: 0o700 });
    mkdirSync(merged);
    mountWithIdentities(at('layers'), mapped, mapping);
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(mapped, name));
    mount('overlay', merged, 'overlay', 0, `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
  } catch (error) {
    const reason = `users of containers cannot be mapped: ${folder} has to be on a file system with ID-mapped mounts`;
    throw new Error(`${reason}, and overlayfs has to take them (Linux 5.19)`, { cause: error });
  } finally {
    dropProbe(place, [merged, mapped]);
  }
}

/** Also what a crash has left. */
function dropProbe(place: string, mounts: readonly string[]): void {
  for (const target of mounts) unmountFileSystem(target);
  rmSync(place, { recursive: true, force: true });
}
