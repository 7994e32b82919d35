import type { Options } from '../command/options.ts';
import { badValue, refusal } from '../command/refusal.ts';
import { parseBytes } from '../format/quantity.ts';
import { blockIo } from './block-io.ts';

/**
 * The fields of `HostConfig` that limit what a container may use.
 *
 * @throws FairleadError `invalid-argument` for an amount that is none.
 */
export function resourceLimits(options: Options): Record<string, unknown> {
  const cpus = options.text('cpus');
  return {
    ...amount('Memory', options, 'memory'),
    ...amount('MemoryReservation', options, 'memory-reservation'),
    ...(options.text('memory-swap') === '-1' ? { MemorySwap: -1 } : amount('MemorySwap', options, 'memory-swap')),
    ...amount('ShmSize', options, 'shm-size'),
    ...(cpus === undefined ? {} : { NanoCpus: nanoCpus(cpus) }),
    ...Object.fromEntries(numbers.flatMap(([name, field]) => number(field, options.integer(name)))),
    ...blockIo(options),
    CpusetCpus: options.text('cpuset-cpus') ?? '',
    CpusetMems: options.text('cpuset-mems') ?? '',
    Ulimits: options.list('ulimit').map(parseUlimit),
  };
}

/** How readily memory is swapped out, and the container ended for want of it. @throws FairleadError `invalid-argument`. */
export function memoryHabits(options: Options): Record<string, unknown> {
  const swappiness = options.integer('memory-swappiness');
  if (swappiness !== undefined && (swappiness < -1 || swappiness > 100)) {
    throw refusal(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  return {
    ...Object.fromEntries(number('MemorySwappiness', swappiness)),
    ...Object.fromEntries(number('OomScoreAdj', options.integer('oom-score-adj'))),
    ...(options.flag('oom-kill-disable') && { OomKillDisable: true }),
  };
}

/** Limits that are numbers as they are: option and field. */
const numbers = [
  ['cpu-shares', 'CpuShares'],
  ['cpu-period', 'CpuPeriod'],
  ['cpu-quota', 'CpuQuota'],
  ['cpu-rt-period', 'CpuRealtimePeriod'],
  ['cpu-rt-runtime', 'CpuRealtimeRuntime'],
  ['pids-limit', 'PidsLimit'],
] as const;

function number(field: string, value: number | undefined): [field: string, value: number][] {
  return value === undefined ? [] : [[field, value]];
}

function amount(field: string, options: Options, name: string): Record<string, number> {
  const text = options.text(name);
  if (text === undefined) return {};
  const bytes = parseBytes(text);
  if (bytes === undefined) throw badValue(text, name, `invalid size: '${text}'`);
  return { [field]: bytes };
}

function nanoCpus(text: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) throw badValue(text, 'cpus', `failed to parse ${text} as a rational number`);
  return Math.round(Number(text) * 1e9);
}

/** Read a `--ulimit`: `nofile=1024:2048`. @throws FairleadError `invalid-argument` in docker’s words. */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw badValue(text, 'ulimit', `invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    const why = `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`;
    throw badValue(text, 'ulimit', why);
  }
  return { Name: match[1] ?? '', Soft: soft, Hard: hard };
}
