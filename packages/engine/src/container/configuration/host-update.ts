import { FairleadError } from '@fairlead/base';
import type { ContainerUpdate } from '../container-port.ts';
import type { HostConfig, ResourceLimits } from './container-config.ts';

/**
 * What a container is asked for after a change.
 *
 * @throws FairleadError `conflict` in Docker's words for what does not go with what it was asked for before (moby,
 * daemon/container/container_unix.go).
 */
export function updatedHost(host: HostConfig, { limits, restartPolicy }: ContainerUpdate): HostConfig {
  requireCompatible(host.limits, limits);
  if (restartPolicy === undefined) return { ...host, limits: { ...host.limits, ...limits } };
  if (host.autoRemove && restartPolicy.name !== 'no') {
    fail('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  return { ...host, limits: { ...host.limits, ...limits }, restartPolicy };
}

/** What the runtime is told of a change: with the memory the swap, which one version of control groups counts apart. */
export function liveLimits(change: ResourceLimits, { limits }: Pick<HostConfig, 'limits'>): ResourceLimits {
  const isMemory = change.memory !== undefined && limits.memorySwap !== undefined;
  return isMemory ? { ...change, memorySwap: limits.memorySwap } : change;
}

function requireCompatible(old: ResourceLimits, change: ResourceLimits): void {
  const { nanoCpus = 0, cpuPeriod = 0, cpuQuota = 0 } = change;
  const { nanoCpus: oldCpus = 0, cpuPeriod: oldPeriod = 0, cpuQuota: oldQuota = 0, memorySwap: oldSwap = 0 } = old;
  const conflicting = 'Conflicting options:';
  if (nanoCpus > 0 && oldPeriod > 0) {
    fail(`${conflicting} Nano CPUs cannot be updated as CPU Period has already been set`);
  }
  if (nanoCpus > 0 && oldQuota > 0) {
    fail(`${conflicting} Nano CPUs cannot be updated as CPU Quota has already been set`);
  }
  if (cpuPeriod > 0 && oldCpus > 0) {
    fail(`${conflicting} CPU Period cannot be updated as NanoCPUs has already been set`);
  }
  if (cpuQuota > 0 && oldCpus > 0) fail(`${conflicting} CPU Quota cannot be updated as NanoCPUs has already been set`);
  const { memory = 0, memorySwap = 0 } = change;
  // Also when there was no limit, or swap had none: both are below every limit.
  if (memory > 0 && memory > oldSwap && memorySwap === 0) {
    fail('Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time');
  }
}

function fail(message: string): never {
  throw new FairleadError('conflict', message);
}
