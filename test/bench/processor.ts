import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that all threads of a process have had of a processor (proc_pid_schedstat); those that have ended do not count. */
export function processorOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(folder).map((thread) =>
    Number(readOr0(`${folder}/${thread}/schedstat`).split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** A thread may end at any time. */
function readOr0(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '0';
  }
}
