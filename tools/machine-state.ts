import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { topControlGroups } from '../packages/lab/src/control-groups.ts';
import { ownerOf } from '../packages/lab/src/sweep.ts';

/** Variable by which processes that a test run started, and theirs, are told from all others. */
export const runMarker = 'FAIRLEAD_TEST_RUN';

/** What the machine's own namespace holds, as lines that can be compared: one for each thing. */
export function machineState(): Set<string> {
  return new Set([...namespaces(), ...links(), ...tables(), ...mounts(), ...abandonedGroups(), ...markedProcesses()]);
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
  const points = fileLines('/proc/self/mountinfo').map((line) => line.split(' ')[4]);
  // The folder of pinned namespaces becomes a mount with the first of them, once for all, as ip-netns(8) makes it.
  return points.filter((point) => point !== '/run/netns').map((point) => `mount ${point}`);
}

/**
 * Control groups of hosts and tests whose process is no more. Those of other runs have theirs still, and what a process
 * of this run that has not ended holds is told with the process.
 */
export function abandonedGroups(root?: string): string[] {
  return topControlGroups(root).flatMap((path) => {
    const owner = groupOwner(basename(path));
    return owner === undefined || existsSync(`/proc/${owner}`) ? [] : [`control group ${path}`];
  });
}

/** Hosts are named by the lab, the other tests with containers by `packages/runtime/src/testing`. */
function groupOwner(name: string): number | undefined {
  const [, pid] = /^fl-runtime-test-(\d+)$/.exec(name) ?? [];
  return pid === undefined ? ownerOf(name) : Number(pid);
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
