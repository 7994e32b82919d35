import { readFileSync, statfsSync } from 'node:fs';
import { availableMemory } from 'node:process';

/** Where Linux has a file system in memory (shm_overview(7)). In containers it is often tiny. */
const shared = '/dev/shm';
/** Its `f_type` (statfs(2)). */
const TMPFS = 0x0102_1994;

/**
 * A folder in memory for what tests write and throw away: engines wait for the disk at every transaction, so a run would
 * take as long as the disk of the machine likes.
 *
 * @param room bytes that have to be free there; the machine has to have twice as much.
 * @returns its path, `undefined` where there is none with so much room from which programs can be run.
 */
export function memoryFolder(room: number): string | undefined {
  try {
    const { type, bavail, bsize } = statfsSync(shared);
    const roomy = bavail * bsize >= room && availableMemory() >= 2 * room;
    return type === TMPFS && roomy && !isWithoutPrograms(shared) ? shared : undefined;
  } catch {
    return undefined;
  }
}

/** Told by the last mount of the name (proc(5), mounts). */
function isWithoutPrograms(folder: string): boolean {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const mount = mounts.map((line) => line.split(' ')).findLast(([, place]) => place === folder);
  return mount === undefined || /\bnoexec\b/.test(mount[3] ?? '');
}
