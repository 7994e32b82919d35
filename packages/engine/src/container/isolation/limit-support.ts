import { existsSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import type { ContainerConfig, ResourceLimits } from '../configuration/container-config.ts';

/** Which limits the kernel can hold a container to. */
export interface LimitSupport {
  readonly swap: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly blockWeight: boolean;
  readonly blockWeightDevice: boolean;
  readonly realtime: boolean;
}

/** Look at the files of the control groups (moby, pkg/sysinfo). @param unified whether they are of version 2. */
export function readLimitSupport(unified: boolean, root = '/sys/fs/cgroup'): LimitSupport {
  const has = (...names: string[]) => names.some((name) => existsSync(`${root}/${name}`));
  if (unified) {
    return {
      swap: true,
      swappiness: false,
      oomKillDisable: false,
      blockWeight: has('io.stat'),
      blockWeightDevice: false,
      realtime: false,
    };
  }
  return {
    swap: has('memory/memory.memsw.limit_in_bytes'),
    swappiness: has('memory/memory.swappiness'),
    oomKillDisable: has('memory/memory.oom_control'),
    blockWeight: has('blkio/blkio.weight', 'blkio/blkio.bfq.weight'),
    blockWeightDevice: false,
    realtime: has('cpu/cpu.rt_runtime_us'),
  };
}

/** Limits without what the kernel cannot do, and what Docker says of each that is left out. */
export function supportedLimits(
  limits: ResourceLimits,
  support: LimitSupport,
): { readonly limits: ResourceLimits; readonly warnings: readonly string[] } {
  const { memorySwap, oomKillDisable, blkioWeight, ...others } = limits;
  const warnings: string[] = [];
  const keep = <T>(value: T | undefined, isSupported: boolean, warning: string): T | undefined => {
    if (value === undefined || isSupported) return value;
    warnings.push(warning);
    return undefined;
  };
  const swapText = 'swap limit capabilities or the cgroup is not mounted. Memory limited without swap.';
  const swap = keep(memorySwap, support.swap || !(memorySwap && memorySwap > 0), `${unsupported} ${swapText}`);
  const oomText = 'OomKillDisable. OomKillDisable discarded.';
  const oom = keep(oomKillDisable, support.oomKillDisable || !oomKillDisable, `${unsupported} ${oomText}`);
  const weightText = 'Block I/O weight or the cgroup is not mounted. Weight discarded.';
  const weight = keep(blkioWeight, support.blockWeight, `${unsupported} ${weightText}`);
  if (oom && !limits.memory) warnings.push(recklessOom);
  return {
    limits: {
      ...others,
      ...(swap !== undefined && { memorySwap: swap }),
      ...(oom !== undefined && { oomKillDisable: oom }),
      ...(weight !== undefined && { blkioWeight: weight }),
    },
    warnings,
  };
}

/**
 * The same for a whole container: some limits are stored as they came.
 *
 * @throws FairleadError `invalid-argument` in Docker's words for real-time CPU that cannot be had.
 */
export function supportedConfig(
  config: ContainerConfig,
  support: LimitSupport,
): { readonly config: ContainerConfig; readonly warnings: readonly string[] } {
  const { limits, warnings } = supportedLimits(config.host.limits, support);
  const passive = { ...config.other.host };
  requireRealtime(passive, support);
  const more: string[] = [];
  const weights = passive['BlkioWeightDevice'];
  if (Array.isArray(weights) && weights.length > 0 && !support.blockWeightDevice) {
    delete passive['BlkioWeightDevice'];
    more.push(`${unsupported} Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.`);
  }
  if (typeof passive['MemorySwappiness'] === 'number' && passive['MemorySwappiness'] >= 0 && !support.swappiness) {
    delete passive['MemorySwappiness'];
    more.push(
      `${unsupported} memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.`,
    );
  }
  const host = { ...config.host, limits };
  return { config: { ...config, host, other: { ...config.other, host: passive } }, warnings: [...warnings, ...more] };
}

function requireRealtime(passive: ContainerConfig['other']['host'], { realtime }: LimitSupport): void {
  const [period, runtime] = [Number(passive['CpuRealtimePeriod'] ?? 0), Number(passive['CpuRealtimeRuntime'] ?? 0)];
  if (period === 0 && runtime === 0) return;
  if (!realtime) throw new FairleadError('invalid-argument', 'kernel does not support CPU real-time scheduler');
  if (period === 0 || runtime === 0 || runtime <= period) return;
  throw new FairleadError('invalid-argument', 'cpu real-time runtime cannot be higher than cpu real-time period');
}

const unsupported = 'Your kernel does not support';
const recklessOom =
  'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of ' +
  'resources.';
