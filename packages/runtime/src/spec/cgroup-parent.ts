import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killIfThere } from '../kill-if-there.ts';
import { type CgroupPlacement, cgroupPath, defaultCgroupParent } from './cgroup-path.ts';

/** What is killed in a group goes in the kernel's own time. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 20;

/**
 * Remove the control group that containers were put under, in every hierarchy where it is empty: the runtime makes it
 * with the first container and leaves it behind. One that is still used, by this engine or another, stays.
 *
 * @param root where control groups are mounted: one hierarchy (version 2) or a directory of them (version 1).
 */
export function removeEmptyCgroupParents(root = '/sys/fs/cgroup'): void {
  removeEmpty(defaultCgroupParent, root);
}

/** Remove a control group in every hierarchy where it is empty. One in which something runs stays. */
export function removeEmptyCgroup(placement: CgroupPlacement, root = '/sys/fs/cgroup'): void {
  removeEmpty(cgroupPath(placement), root);
}

/**
 * Remove the control group of a container that does not run: a runtime that is cut off between making it and starting the
 * first process leaves it, and with it, on a busy machine, a process that waits to become the first one. What is in there
 * is killed, for nobody else knows of it.
 *
 * @param root as for {@link removeEmptyCgroupParents}.
 * @returns whether it is gone; false when the kernel holds on to a process in it for five seconds.
 */
export async function removeCgroup(placement: CgroupPlacement, root = '/sys/fs/cgroup'): Promise<boolean> {
  const path = cgroupPath(placement);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    removeEmpty(path, root);
    const left = placesIn(root)
      .map((place) => join(place, path))
      .filter((place) => existsSync(place));
    if (left.length === 0) return true;
    if (performance.now() > deadline) return false;
    for (const pid of left.flatMap(processesIn)) killIfThere(pid);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Where a path may be: in the one hierarchy of version 2, or in each of version 1. */
function placesIn(root: string): string[] {
  const hierarchies = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [root, ...hierarchies.map(({ name }) => join(root, name))];
}

function removeEmpty(path: string, root: string): void {
  for (const place of placesIn(root)) {
    try {
      rmdirSync(join(place, path));
    } catch {
      // ENOENT, EBUSY: there is none here, or it is used.
    }
  }
}

function processesIn(group: string): number[] {
  try {
    return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
