import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, withPrefix } from '@fairlead/base';
import { defaultCgroupParent } from './cgroup-path.ts';

/** Where control groups of the CPU are, with version 1. */
const CPU = '/sys/fs/cgroup/cpu';

/** Real-time CPU for all containers together, in microseconds; 0 leaves a value as it is (Linux, sched-rt-group.rst). */
export interface RealtimeShare {
  readonly period: number;
  readonly runtime: number;
}

/**
 * Why real-time CPU cannot be given out on this machine, in Docker's words; `undefined` when it can.
 *
 * @param unified whether control groups are of version 2.
 */
export function realtimeFault(unified: boolean, root = CPU): string | undefined {
  const flags = 'daemon-scoped cpu-rt-period and cpu-rt-runtime are not';
  if (unified) return `${flags} implemented for cgroup v2`;
  const files = ['cpu.rt_period_us', 'cpu.rt_runtime_us'];
  return files.every((file) => existsSync(join(root, file))) ? undefined : `${flags} supported by the kernel`;
}

/**
 * Give the group above containers its share, and those above that: a group can pass on only what it has itself. What is
 * there already is kept.
 *
 * @param parent `--cgroup-parent`; '' means the engine's own.
 * @throws Error of the kernel, `EINVAL` when the group above has not got as much.
 */
export function grantRealtime(parent: string, { period, runtime }: RealtimeShare, root = CPU): void {
  let group = root;
  try {
    for (const step of (parent || defaultCgroupParent).split('/').filter((word) => word !== '')) {
      group = join(group, step);
      mkdirSync(group, { recursive: true, mode: 0o755 });
      if (period !== 0) write(join(group, 'cpu.rt_period_us'), period);
      if (runtime !== 0) write(join(group, 'cpu.rt_runtime_us'), runtime);
    }
  } catch (error) {
    throw withPrefix('unable to init CPU RT controller: ', new Error(messageOf(error), { cause: error }));
  }
}

/** @throws Error in the words of Go, `write PATH: invalid argument`: Node does not say which file it was. */
function write(path: string, value: number): void {
  try {
    writeFileSync(path, String(value));
  } catch (error) {
    const [, reason, call] = /^E\w+: (.*), (\w+)/.exec(messageOf(error)) ?? [];
    throw reason === undefined ? error : new Error(`${call} ${path}: ${reason}`, { cause: error });
  }
}
