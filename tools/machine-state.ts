import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** Variable by which processes that a test run started, and theirs, are told from all others. */
export const runMarker = 'FAIRLEAD_TEST_RUN';

/** What the machine's own namespace holds, as lines that can be compared: one for each thing. */
export function machineState(): Set<string> {
  return new Set([...namespaces(), ...links(), ...tables(), ...mounts(), ...markedProcesses()]);
}

/** What is there now and was not before. */
export function leftovers(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  return [...after].filter((thing) => !before.has(thing)).sort();
}

function namespaces(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns').map((name) => `namespace /run/netns/${name}`) : [];
}

function links(): string[] {
  return lines('ip', '-o', 'link').map((line) => `link ${line.split(': ')[1] ?? line}`);
}

function tables(): string[] {
  return lines('nft', 'list', 'tables').map((line) => `nft ${line}`);
}

function mounts(): string[] {
  // proc(5): the fifth field of mountinfo is the mount point.
  return fileLines('/proc/self/mountinfo').map((line) => `mount ${line.split(' ')[4]}`);
}

function markedProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => (environmentOf(pid).includes(`${runMarker}=`) ? [`process ${pid}: ${commandOf(pid)}`] : []));
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
  } catch {
    return 'gone meanwhile';
  }
}

function lines(program: string, ...words: string[]): string[] {
  return execFileSync(program, words, { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

function fileLines(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Parents under which the engines of the tests put the control groups of their containers. */
const groupParents = ['fairlead', 'docker'];

/**
 * Remove the empty control groups of containers whose host was ended while they ran: hosts have no hierarchy of their
 * own, and nobody is left to do it.
 */
export function sweepControlGroups(root = '/sys/fs/cgroup'): void {
  const places = [root, ...subfolders(root)];
  for (const parent of places.flatMap((place) => groupParents.map((name) => join(place, name)))) {
    for (const group of [...subfolders(parent), parent]) {
      try {
        rmdirSync(group);
      } catch {
        // There is none, or something runs in it: then it is not ours to remove.
      }
    }
  }
}

function subfolders(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}
