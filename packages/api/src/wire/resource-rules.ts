import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { FairleadError } from '@fairlead/base';
import type { WireHostConfig, WireLimits } from './host-config.ts';

/** Resources of setrlimit(2), as Docker spells them. */
const ulimitNames =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');
/** Bytes that runc itself needs to start a container. */
const minimumMemory = 6 * 1024 * 1024;
/** Microseconds between which a period of the CPU scheduler lies (Linux, sched-bwc.rst). */
const [shortestPeriod, longestPeriod] = [1000, 1_000_000];

/**
 * Check a restart policy.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireRestartPolicy(policy: WireHostConfig['RestartPolicy']): void {
  const { Name: name = '', MaximumRetryCount: count = 0 } = policy ?? {};
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    fail(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  // Clients of old send an empty name with any count.
  if (count === 0 || name === '') return;
  if (name !== 'on-failure') {
    const more = count < 0 ? ' and cannot be negative' : '';
    fail(`invalid restart policy: maximum retry count can only be used with 'on-failure'${more}`);
  }
  if (count < 0) fail('invalid restart policy: maximum retry count cannot be negative');
}

/**
 * Check what a new container, or one of a build, is to be given of the machine.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireResources(host: WireHostConfig): void {
  if (host.Memory === 0 && host.MemorySwap > 0) {
    fail('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  requireLimits(host);
  requireUlimits(host);
  if (host.ShmSize < 0) fail('SHM size can not be less than 0');
}

/**
 * Check limits by themselves and against each other.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireLimits(limits: WireLimits): void {
  requireMemory(limits);
  requireProcessors(limits);
  requireOnline('CPUs', 'cpuset cpus', limits.CpusetCpus, '/sys/devices/system/cpu/online');
  requireOnline('memory nodes', 'cpuset mems', limits.CpusetMems, '/sys/devices/system/node/online');
  if (limits.BlkioWeight !== 0 && (limits.BlkioWeight < 10 || limits.BlkioWeight > 1000)) {
    fail('Range of blkio weight is from 10 to 1000');
  }
  const { CpuShares: shares } = limits;
  if (shares < 0) fail(`invalid CPU shares (${shares}): value must be a positive integer`);
}

/** A list as `0-3,7` must be one, and have nothing in it that the machine has not. */
function requireOnline(what: string, field: string, list: string, file: string): void {
  if (list === '') return;
  const wanted = numbersIn(list);
  if (wanted === undefined) fail(`Invalid value ${list} for ${field}: invalid format: ${list}`);
  const online = existsSync(file) ? readFileSync(file, 'utf8').trim() : '0';
  const available = numbersIn(online) ?? new Set();
  if (wanted.isSubsetOf(available)) return;
  fail(`Requested ${what} are not available - requested ${list}, available: ${online}`);
}

/** Numbers of a list (cpuset(7), "List format"); `undefined` for what is none. */
function numbersIn(list: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || last < first) return undefined;
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return numbers;
}

function requireMemory({ Memory: memory, MemorySwap: swap, MemoryReservation: reservation }: WireLimits): void {
  if (memory !== 0 && memory < minimumMemory) fail('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    fail('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (reservation > 0 && reservation < minimumMemory) fail('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > memory) {
    fail('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function requireProcessors({ NanoCpus: nanoCpus, CpuPeriod: period, CpuQuota: quota }: WireLimits): void {
  if (nanoCpus > 0 && period > 0) fail('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nanoCpus > 0 && quota > 0) fail('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  const count = availableParallelism();
  if (nanoCpus < 0 || nanoCpus > count * 1e9) {
    fail(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`);
  }
  if (period !== 0 && (period < shortestPeriod || period > longestPeriod)) {
    fail('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < shortestPeriod) fail('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

/** What is given to a container's processes. */
function requireUlimits(host: Pick<WireHostConfig, 'Ulimits' | 'OomScoreAdj'>): void {
  const limit = host.Ulimits.find(({ Name }) => !ulimitNames.includes(Name));
  if (limit !== undefined) fail(`invalid ulimit type: ${limit.Name}`);
  if (Math.abs(host.OomScoreAdj) > 1000) {
    fail(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
