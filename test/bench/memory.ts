import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What one process says of its memory: the text of its `/proc/PID/smaps`. */
export interface ProcessMemory {
  readonly command: string;
  readonly smaps: string;
}

/**
 * Bytes that processes hold together: memory of files that several of them share counts once, as if nothing else ran on
 * the machine, and memory without a file counts by its proportional share.
 *
 * (The proportional share of files would depend on which other programs happen to run from the same files.)
 */
export function memoryOf(processes: readonly ProcessMemory[]): number {
  let anonymous = 0;
  const files = new Map<string, number>();
  for (const { smaps } of processes) {
    for (const mapping of parseSmaps(smaps)) {
      anonymous += Math.min(mapping.proportional, mapping.anonymous);
      if (mapping.file === undefined) {
        anonymous += mapping.proportional - Math.min(mapping.proportional, mapping.anonymous);
        continue;
      }
      const resident = Math.max(0, mapping.resident - mapping.anonymous);
      files.set(mapping.file, Math.max(files.get(mapping.file) ?? 0, resident));
    }
  }
  return [...files.values()].reduce((sum, bytes) => sum + bytes, anonymous);
}

/** One mapping of a process, sizes in bytes. */
interface Mapping {
  /** Device, inode and offset of the file behind it. */
  readonly file: string | undefined;
  readonly resident: number;
  readonly proportional: number;
  /** Private pages, also those of a file that were written to. */
  readonly anonymous: number;
}

const head = /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) (\S+) (\d+)/;

/** proc(5), `/proc/PID/smaps`. */
function parseSmaps(smaps: string): Mapping[] {
  return smaps
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((piece) => head.test(piece))
    .map((piece) => {
      const [, offset, device, inode] = head.exec(piece) ?? [];
      const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(piece)?.[1] ?? 0) * 1024;
      return {
        file: inode === '0' ? undefined : `${device} ${inode} ${offset}`,
        resident: bytes('Rss'),
        proportional: bytes('Pss'),
        anonymous: bytes('Anonymous'),
      };
    });
}

/**
 * The processes of a host without its first one: what an engine started for itself. Containers' own processes are in
 * process namespaces of their own and so left out.
 *
 * @param init process id of the host's first process.
 */
export function engineProcesses(init: number): ProcessMemory[] {
  const space = readlinkSync(`/proc/${init}/ns/pid`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== init)
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/ns/pid`) !== space) return [];
        const [command = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return [{ command, smaps: readFileSync(`/proc/${pid}/smaps`, 'utf8') }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
