import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupPlacement, cgroupPath, defaultCgroupParent } from './cgroup-path.ts';

/**
 * Remove the control group that containers were put under, in every hierarchy where it is empty: the runtime makes it
 * with the first container and leaves it behind. One that is still used, by this engine or another, stays.
 *
 * @param root where control groups are mounted: one hierarchy (version 2) or a directory of them (version 1).
 */
export function removeEmptyCgroupParents(root = '/sys/fs/cgroup'): void {
  removeEmpty(defaultCgroupParent, root);
}

/**
 * Remove what a runtime that was killed between making a container's control group and its first process has left. One
 * in which something runs stays.
 *
 * @param root as for {@link removeEmptyCgroupParents}.
 */
export function removeEmptyCgroup(placement: CgroupPlacement, root = '/sys/fs/cgroup'): void {
  removeEmpty(cgroupPath(placement), root);
}

function removeEmpty(path: string, root: string): void {
  const hierarchies = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const place of [root, ...hierarchies.map(({ name }) => join(root, name))]) {
    try {
      rmdirSync(join(place, path));
    } catch {
      // ENOENT, EBUSY: there is none here, or it is used.
    }
  }
}
