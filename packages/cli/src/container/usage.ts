/** What the engine says a container uses, as far as it is shown. */
export interface UsageAnswer {
  readonly id?: string;
  readonly name?: string;
  readonly cpu_stats: CpuAnswer;
  readonly precpu_stats: CpuAnswer;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number };
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly blkio_stats: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats: { readonly current?: number };
}

interface CpuAnswer {
  readonly cpu_usage: { readonly total_usage: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** The same in numbers: percent and bytes. */
export interface Usage {
  readonly processor: number;
  readonly memory: number;
  readonly memoryLimit: number;
  readonly memoryShare: number;
  readonly received: number;
  readonly sent: number;
  readonly read: number;
  readonly written: number;
  readonly processes: number;
}

/** Reckon as docker's command does (docker/cli, stats_helpers.go). */
export function usageOf(answer: UsageAnswer): Usage {
  const { memory_stats: memory, blkio_stats: block } = answer;
  const used = memoryWithoutCache(memory);
  const networks = Object.values(answer.networks ?? {});
  const blocks = block.io_service_bytes_recursive ?? [];
  const bytesOf = (letter: string) =>
    blocks.filter(({ op }) => op.toLowerCase().startsWith(letter)).reduce((sum, { value }) => sum + value, 0);
  return {
    processor: processorShare(answer.precpu_stats, answer.cpu_stats),
    memory: used,
    memoryLimit: memory.limit ?? 0,
    memoryShare: memory.limit ? (used / memory.limit) * 100 : 0,
    received: networks.reduce((sum, { rx_bytes: bytes }) => sum + bytes, 0),
    sent: networks.reduce((sum, { tx_bytes: bytes }) => sum + bytes, 0),
    read: bytesOf('r'),
    written: bytesOf('w'),
    processes: answer.pids_stats.current ?? 0,
  };
}

/** Percent of one processor. */
function processorShare(before: CpuAnswer, now: CpuAnswer): number {
  const spent = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return passed > 0 && spent > 0 ? (spent / passed) * processors * 100 : 0;
}

/** Files that the kernel keeps in memory because nobody else wants it do not count; groups of version 1 and 2. */
function memoryWithoutCache({ usage = 0, stats = {} }: UsageAnswer['memory_stats']): number {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}
