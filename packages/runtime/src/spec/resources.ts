import type { LinuxResources, OciRlimit, OciThrottle } from './oci-types.ts';

/** Limits of a container. What is absent is not limited. */
export type ResourceLimits = {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes below which memory is not reclaimed first. */
  readonly memoryReservation?: number;
  /** Memory and swap together, in bytes; -1 for any amount of swap. Twice the memory without it, as in Docker. */
  readonly memorySwap?: number;
  readonly memorySwappiness?: number;
  readonly disableOomKiller?: boolean;
  /** Relative weight, 1024 being the usual. */
  readonly cpuShares?: number;
  /** Billionths of a processor (`--cpus 1.5` is 1.5e9); not together with quota and period. */
  readonly nanoCpus?: number;
  /** Microseconds per period. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  /** Microseconds. */
  readonly cpuRealtimePeriod?: number;
  readonly cpuRealtimeRuntime?: number;
  /** Processors, such as `0-3,7`. */
  readonly cpusetCpus?: string;
  /** Memory nodes. */
  readonly cpusetMems?: string;
  /** Processes and threads; 0 or less for any number. */
  readonly pids?: number;
  /** 10-1000. */
  readonly blockWeight?: number;
  readonly blockReadBps?: readonly OciThrottle[];
  readonly blockWriteBps?: readonly OciThrottle[];
  readonly blockReadIops?: readonly OciThrottle[];
  readonly blockWriteIops?: readonly OciThrottle[];
};

/** The period Linux itself uses, in microseconds. */
const cpuPeriod = 100_000;

/** Limits as the runtime takes them: for a new container, and for `Tasks.update` of one that runs. */
export function linuxResources(limits: ResourceLimits): LinuxResources {
  const resources = compact({
    memory: compact({
      limit: limits.memory,
      reservation: limits.memoryReservation,
      swap: swapLimit(limits),
      swappiness: limits.memorySwappiness,
      disableOOMKiller: limits.disableOomKiller,
    }),
    cpu: compact({
      shares: limits.cpuShares,
      cpus: limits.cpusetCpus,
      mems: limits.cpusetMems,
      realtimePeriod: limits.cpuRealtimePeriod,
      realtimeRuntime: limits.cpuRealtimeRuntime,
      ...cpuBandwidth(limits),
    }),
    pids: limits.pids === undefined ? undefined : { limit: limits.pids > 0 ? limits.pids : -1 },
    blockIO: compact({
      weight: limits.blockWeight,
      throttleReadBpsDevice: limits.blockReadBps,
      throttleWriteBpsDevice: limits.blockWriteBps,
      throttleReadIOPSDevice: limits.blockReadIops,
      throttleWriteIOPSDevice: limits.blockWriteIops,
    }),
  });
  return resources ?? {};
}

function swapLimit({ memory, memorySwap }: ResourceLimits): number | undefined {
  return memorySwap ?? (memory === undefined ? undefined : memory * 2);
}

function cpuBandwidth(limits: ResourceLimits): { quota: number | undefined; period: number | undefined } {
  if (limits.nanoCpus === undefined) return { quota: limits.cpuQuota, period: limits.cpuPeriod };
  return { quota: Math.round((limits.nanoCpus * cpuPeriod) / 1e9), period: cpuPeriod };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The object without what is undefined; undefined when nothing is left. */
function compact<T extends object>(object: T): Defined<T> | undefined {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Defined<T>);
}

/** A `--ulimit`: name as in setrlimit(2) without `RLIMIT_`, lower case. -1 means unlimited. */
export type UlimitRequest = { readonly name: string; readonly soft: number; readonly hard: number };

/** Stands for RLIM_INFINITY (linux/resource.h) until the spec is encoded: no JavaScript number is 2^64 - 1. */
const unlimited = -1;

/**
 * Resource limits as the runtime takes them.
 *
 * @param own this program's hard limits by name: without CAP_SYS_RESOURCE none can be raised above them, and the
 * runtime would refuse to start the container. Undefined when they can.
 */
export function ociRlimits(
  requests: readonly UlimitRequest[],
  own: Readonly<Record<string, number>> | undefined,
): OciRlimit[] {
  return requests.map(({ name, soft, hard }) => {
    const ceiling = own?.[name];
    const clamp = (value: number): number => {
      if (ceiling === undefined || ceiling === unlimited) return value;
      return value === unlimited ? ceiling : Math.min(value, ceiling);
    };
    return { type: `RLIMIT_${name.toUpperCase()}`, hard: clamp(hard), soft: clamp(soft) };
  });
}
