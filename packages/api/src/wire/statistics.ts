import type { ContainerStatistics, LinkCounters, StatisticsSample } from '@fairlead/engine';
import { timeText, zeroTime } from './time.ts';

/** One answer of `GET /containers/{id}/stats`. A container that does not run has zeros. */
export function presentStatistics({ id, name, current, previous }: ContainerStatistics) {
  return {
    read: readTime(current),
    preread: readTime(previous),
    pids_stats: presentProcesses(current),
    blkio_stats: presentBlock(current),
    // Windows says how many processes there are, and what it stored; Linux has them elsewhere.
    num_procs: 0,
    storage_stats: {},
    cpu_stats: presentProcessor(current),
    precpu_stats: presentProcessor(previous),
    memory_stats: presentMemory(current),
    name: `/${name}`,
    id,
    ...presentLinks(current?.links ?? []),
  };
}

/** Absent without any, as where there is none but the loopback. */
function presentLinks(links: readonly LinkCounters[]) {
  if (links.length === 0) return {};
  return { networks: Object.fromEntries(links.map((link) => [link.name, presentLink(link)])) };
}

function readTime(sample: StatisticsSample | undefined): string {
  return sample === undefined ? zeroTime : timeText(sample.metrics.readAt.getTime());
}

function presentProcesses(sample: StatisticsSample | undefined) {
  if (sample === undefined) return {};
  const { current, limit } = sample.metrics.processes;
  // No limit is 0 or the largest number there is.
  return { ...(current > 0 && { current }), ...(Number.isSafeInteger(limit) && limit > 0 && { limit }) };
}

function presentBlock(sample: StatisticsSample | undefined) {
  const bytes = sample?.metrics.block.map(({ major, minor, operation, bytes }) => ({
    major,
    minor,
    op: operation,
    value: bytes,
  }));
  return {
    io_service_bytes_recursive: bytes ?? null,
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

function presentProcessor(sample: StatisticsSample | undefined) {
  if (sample === undefined) {
    return {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    };
  }
  const { metrics, processors } = sample;
  const { total, user, kernel, perCpu, periods, throttledPeriods, throttledTime } = metrics.cpu;
  return {
    cpu_usage: {
      total_usage: total,
      ...(perCpu.length > 0 && { percpu_usage: perCpu }),
      usage_in_kernelmode: kernel,
      usage_in_usermode: user,
    },
    system_cpu_usage: processors.nanoseconds,
    online_cpus: processors.online,
    throttling_data: { periods, throttled_periods: throttledPeriods, throttled_time: throttledTime },
  };
}

function presentMemory(sample: StatisticsSample | undefined) {
  if (sample === undefined) return {};
  const { memory } = sample.metrics;
  const counters = Object.entries(memory.counters).map(([name, value]) => [name, unsigned(value)] as const);
  return {
    usage: memory.usage,
    ...(memory.maxUsage > 0 && { max_usage: memory.maxUsage }),
    stats: Object.fromEntries(counters),
    ...(memory.failures > 0 && { failcnt: memory.failures }),
    limit: memory.limit > 0 ? Math.min(memory.limit, sample.machineMemory) : sample.machineMemory,
  };
}

/** The largest number that has not become more than 64 bits by being rounded: Go would refuse it. */
function unsigned(value: number): number {
  return Math.min(value, 2 ** 64 - 2048);
}

function presentLink(link: LinkCounters) {
  return {
    rx_bytes: link.receivedBytes,
    rx_packets: link.receivedPackets,
    rx_errors: link.receiveErrors,
    rx_dropped: link.receiveDropped,
    tx_bytes: link.sentBytes,
    tx_packets: link.sentPackets,
    tx_errors: link.sendErrors,
    tx_dropped: link.sendDropped,
  };
}
