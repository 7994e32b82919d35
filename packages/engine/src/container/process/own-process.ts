import { readFileSync } from 'node:fs';

/** True when the process is in the container's control group: process ids are used again (cgroups(7)). */
export function isProcessOf(id: string, pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
  } catch {
    return false;
  }
}
