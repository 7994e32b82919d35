import { FairleadError } from '@fairlead/base';
import { Metrics as Cgroup1 } from '../gen/cgroup1_metrics.ts';
import { Metrics as Cgroup2 } from '../gen/cgroup2_metrics.ts';
import type { Metric } from '../gen/types.ts';
import { typeNameOf } from './any.ts';
import { toDate } from './timestamp.ts';

/** One device's traffic. `operation` is Docker's word: `read` or `write`. */
export type BlockTraffic = {
  readonly major: number;
  readonly minor: number;
  readonly operation: string;
  readonly bytes: number;
};

/** What a container uses, whichever version its control group has. Times in nanoseconds, sizes in bytes. */
export type TaskMetrics = {
  readonly readAt: Date;
  readonly cgroupVersion: 1 | 2;
  readonly processes: { readonly current: number; readonly limit: number };
  readonly cpu: {
    readonly total: number;
    readonly user: number;
    readonly kernel: number;
    readonly perCpu: readonly number[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: number;
  };
  readonly memory: {
    readonly usage: number;
    /** Highest usage so far; 0 where the kernel does not say. */
    readonly maxUsage: number;
    readonly limit: number;
    readonly failures: number;
    /** Processes of the container that the kernel has killed for want of memory. */
    readonly killed: number;
    /** Page cache that can be dropped: Docker subtracts it from the usage that it shows. */
    readonly inactiveFile: number;
    /** The kernel's own counters by their names in `memory.stat`. */
    readonly counters: Readonly<Record<string, number>>;
  };
  readonly block: readonly BlockTraffic[];
};

/** Read a metric of the task service. @throws FairleadError `not-found` when the container has none. */
export function toTaskMetrics(containerId: string, metric: Metric | undefined): TaskMetrics {
  const data = metric?.data;
  if (!data) throw new FairleadError('not-found', `no metrics for container ${containerId}`);
  const readAt = toDate(metric.timestamp);
  if (typeNameOf(data) === Cgroup1.$type) return fromCgroup1(readAt, Cgroup1.decode(data.value));
  return fromCgroup2(readAt, Cgroup2.decode(data.value));
}

function fromCgroup1(readAt: Date, { pids, cpu, memory, blkio, memoryOomControl }: Cgroup1): TaskMetrics {
  return {
    readAt,
    cgroupVersion: 1,
    processes: { current: Number(pids?.current ?? 0), limit: Number(pids?.limit ?? 0) },
    cpu: {
      total: Number(cpu?.usage?.total ?? 0),
      user: Number(cpu?.usage?.user ?? 0),
      kernel: Number(cpu?.usage?.kernel ?? 0),
      perCpu: (cpu?.usage?.perCpu ?? []).map(Number),
      periods: Number(cpu?.throttling?.periods ?? 0),
      throttledPeriods: Number(cpu?.throttling?.throttledPeriods ?? 0),
      throttledTime: Number(cpu?.throttling?.throttledTime ?? 0),
    },
    memory: {
      usage: Number(memory?.usage?.usage ?? 0),
      maxUsage: Number(memory?.usage?.max ?? 0),
      limit: Number(memory?.usage?.limit ?? 0),
      failures: Number(memory?.usage?.failcnt ?? 0),
      killed: Number(memoryOomControl?.oomKill ?? 0),
      inactiveFile: Number(memory?.totalInactiveFile ?? 0),
      counters: countersOf(memory),
    },
    block: (blkio?.ioServiceBytesRecursive ?? [])
      .map((entry) => ({ operation: entry.op.toLowerCase(), bytes: Number(entry.value), ...deviceOf(entry) }))
      .filter((entry) => entry.operation === 'read' || entry.operation === 'write'),
  };
}

function fromCgroup2(readAt: Date, { pids, cpu, memory, io, memoryEvents }: Cgroup2): TaskMetrics {
  const nanoseconds = (microseconds: bigint | undefined): number => Number(microseconds ?? 0) * 1000;
  return {
    readAt,
    cgroupVersion: 2,
    processes: { current: Number(pids?.current ?? 0), limit: Number(pids?.limit ?? 0) },
    cpu: {
      total: nanoseconds(cpu?.usageUsec),
      user: nanoseconds(cpu?.userUsec),
      kernel: nanoseconds(cpu?.systemUsec),
      perCpu: [],
      periods: Number(cpu?.nrPeriods ?? 0),
      throttledPeriods: Number(cpu?.nrThrottled ?? 0),
      throttledTime: nanoseconds(cpu?.throttledUsec),
    },
    memory: {
      usage: Number(memory?.usage ?? 0),
      maxUsage: 0,
      limit: Number(memory?.usageLimit ?? 0),
      failures: 0,
      killed: Number(memoryEvents?.oomKill ?? 0),
      inactiveFile: Number(memory?.inactiveFile ?? 0),
      counters: countersOf(memory),
    },
    block: (io?.usage ?? []).flatMap((entry) => [
      { operation: 'read', bytes: Number(entry.rbytes), ...deviceOf(entry) },
      { operation: 'write', bytes: Number(entry.wbytes), ...deviceOf(entry) },
    ]),
  };
}

function deviceOf(entry: { major: bigint; minor: bigint }): { major: number; minor: number } {
  return { major: Number(entry.major), minor: Number(entry.minor) };
}

/** The plain counters of a memory message, under the kernel's names: `inactiveFile` is `inactive_file`. */
function countersOf(memory: object | undefined): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [name, value] of Object.entries(memory ?? {})) {
    if (typeof value !== 'bigint') continue;
    counters[kernelName(name)] = Number(value);
  }
  return counters;
}

/** The kernel writes what pages do in one word, `pgmajfault`, and calls the limit with swap otherwise. */
function kernelName(field: string): string {
  return field
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/pg_.*/, (name) => name.replaceAll('_', ''))
    .replace('_swap_limit', '_memsw_limit');
}
