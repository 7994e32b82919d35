/**
 * Programs of this machine: where one is installed, and whether one that was started still runs. A door of its own, for
 * who needs nothing of containerd.
 *
 * @module
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The directories of a PATH. Relative ones are left out: what is there depends on where one stands. */
export function pathDirectories(path = process.env['PATH'] ?? ''): string[] {
  return path.split(':').filter((directory) => directory.startsWith('/'));
}

/** Absolute path of a program, found as a shell finds it: the first executable file; `undefined` when there is none. */
export function installedProgram(name: string, directories: readonly string[] = pathDirectories()): string | undefined {
  return directories.map((directory) => join(directory, name)).find(isExecutableFile);
}

/**
 * The process that a file tells of, if it still runs. Process ids are used again: its command line tells whether it is
 * still the one that was meant.
 *
 * @param isMeant whether a word of the command line is one that no other program has.
 */
export function runningProcess(pidFile: string, isMeant: (word: string) => boolean): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some(isMeant) && isAlive(pid) ? pid : undefined;
  } catch {
    // There is no such file, or no such process.
    return undefined;
  }
}

/** What the engine calls itself, in place of its command line: `nft list` names the owner of a table by this. */
export const ENGINE_TITLE = 'fairlead daemon';

/** The engine that a pid file names, when it runs: under its title, or not yet. */
export function runningEngine(pidFile: string): number | undefined {
  return runningProcess(pidFile, (word) => word === ENGINE_TITLE || word.endsWith('packages/daemon/src/main.ts'));
}

/** True when the process exists and is no zombie: a dead child of a dead parent can stay one for a while. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
