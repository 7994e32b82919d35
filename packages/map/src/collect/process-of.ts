import { readFileSync } from 'node:fs';
import type { ForeignNamespace } from '../model/host-observation.ts';

/** Who a process is; empty words when it has ended. */
export function processOf(pid: number): NonNullable<ForeignNamespace['process']> {
  const engine = engineOf(readProcess(pid, 'cgroup'));
  return { pid, name: readProcess(pid, 'comm').trim(), ...(engine !== undefined && { engine }) };
}

/** Engines by what they call their control groups, with the container's id behind it. */
const engines: readonly (readonly [RegExp, string])[] = [
  [/docker[-/]([0-9a-f]{64})/, 'docker'],
  [/libpod-([0-9a-f]{64})/, 'podman'],
  [/kubepods.*?([0-9a-f]{64})/, 'kubernetes'],
  [/nerdctl[-/]([0-9a-f]{64})/, 'nerdctl'],
  [/lxc(?:\.payload)?[./]([\w.-]+)/, 'lxc'],
];

/** Which engine's container a process is in, by the text of its `/proc/PID/cgroup`: `docker 1a2b3c4d5e6f`. */
export function engineOf(controlGroups: string): string | undefined {
  for (const [pattern, engine] of engines) {
    const id = pattern.exec(controlGroups)?.[1];
    if (id !== undefined) return `${engine} ${id.slice(0, 12)}`;
  }
  return undefined;
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
