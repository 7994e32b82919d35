import type { HostConfig, ResourceLimits } from '@fairlead/engine';
import * as v from 'valibot';
import type { ApiVersion } from '../http/api-version.ts';
import { goBoolean, goInteger, goObject, goString, goStringMap, goStrings } from './go-json.ts';
import { mountSchema, parseMount, recursiveReadOnlySince } from './mount.ts';
import { parsePortMap, portMapSchema } from './port-map.ts';

const optionalBoolean = v.optional(v.boolean());
const optionalInteger = v.optional(v.pipe(v.number(), v.integer()));

/** The fields that limit what a container may use, when it is made and later. */
export const limitEntries = {
  Memory: goInteger,
  MemoryReservation: goInteger,
  MemorySwap: goInteger,
  NanoCpus: goInteger,
  CpuShares: goInteger,
  CpuPeriod: goInteger,
  CpuQuota: goInteger,
  CpusetCpus: goString,
  CpusetMems: goString,
  PidsLimit: optionalInteger,
  BlkioWeight: goInteger,
  OomKillDisable: optionalBoolean,
};

/** Limits of a request after decoding. */
export type WireLimits = v.InferOutput<v.ObjectSchema<typeof limitEntries, undefined>>;

/** `RestartPolicy` of a request. */
export const restartPolicySchema = v.optional(goObject({ Name: goString, MaximumRetryCount: goInteger }));

/** The fields of a request's `HostConfig` that the engine acts on. */
export const hostConfigSchema = goObject({
  NetworkMode: goString,
  PortBindings: portMapSchema,
  PublishAllPorts: goBoolean,
  Binds: goStrings,
  Mounts: v.optional(v.array(mountSchema), []),
  VolumesFrom: goStrings,
  VolumeDriver: goString,
  Tmpfs: goStringMap,
  AutoRemove: goBoolean,
  Privileged: goBoolean,
  ReadonlyRootfs: goBoolean,
  Init: optionalBoolean,
  CapAdd: goStrings,
  CapDrop: goStrings,
  SecurityOpt: goStrings,
  GroupAdd: goStrings,
  Dns: goStrings,
  DnsOptions: goStrings,
  DnsSearch: goStrings,
  ExtraHosts: goStrings,
  Links: goStrings,
  Sysctls: goStringMap,
  Ulimits: v.optional(v.array(goObject({ Name: goString, Soft: goInteger, Hard: goInteger })), []),
  Devices: v.optional(
    v.array(goObject({ PathOnHost: goString, PathInContainer: goString, CgroupPermissions: goString })),
    [],
  ),
  PidMode: goString,
  IpcMode: goString,
  UTSMode: goString,
  CgroupParent: goString,
  ShmSize: goInteger,
  OomScoreAdj: goInteger,
  RestartPolicy: restartPolicySchema,
  LogConfig: v.optional(goObject({ Type: goString, Config: goStringMap })),
  ...limitEntries,
});

/** A request's `HostConfig` after decoding. */
export type WireHostConfig = v.InferOutput<typeof hostConfigSchema>;

/**
 * The engine's form of a `HostConfig`.
 *
 * @throws FairleadError `invalid-argument` for ports and mounts that are none.
 */
export function parseHostConfig(host: WireHostConfig, version: ApiVersion): HostConfig {
  return {
    networkMode: host.NetworkMode === '' || host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode,
    portBindings: parsePortMap(host.PortBindings),
    publishAllPorts: host.PublishAllPorts,
    binds: host.Binds,
    mounts: host.Mounts.map((mount) => parseMount(mount, version)),
    ...(version < recursiveReadOnlySince && { readOnlyNonRecursive: true }),
    ...(host.VolumesFrom.length > 0 && { volumesFrom: host.VolumesFrom }),
    ...(host.VolumeDriver !== '' && { volumeDriver: host.VolumeDriver }),
    tmpfs: host.Tmpfs,
    autoRemove: host.AutoRemove,
    privileged: host.Privileged,
    readonlyRootfs: host.ReadonlyRootfs,
    ...(host.Init !== undefined && { init: host.Init }),
    capAdd: host.CapAdd,
    capDrop: host.CapDrop,
    securityOptions: securityOptions(host),
    groupAdd: host.GroupAdd,
    dns: host.Dns,
    dnsOptions: host.DnsOptions,
    dnsSearch: host.DnsSearch,
    extraHosts: host.ExtraHosts,
    links: host.Links,
    sysctls: host.Sysctls,
    ulimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    devices: host.Devices.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => ({
      pathOnHost: PathOnHost,
      pathInContainer: PathInContainer || PathOnHost,
      permissions: CgroupPermissions || 'rwm',
    })),
    pidMode: host.PidMode,
    ipcMode: host.IpcMode,
    utsMode: host.UTSMode,
    cgroupParent: host.CgroupParent,
    shmSize: host.ShmSize,
    oomScoreAdjust: host.OomScoreAdj,
    restartPolicy: {
      name: host.RestartPolicy?.Name || 'no',
      maximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    logConfig: { type: host.LogConfig?.Type ?? '', options: host.LogConfig?.Config ?? {} },
    limits: withSwap(parseLimits(host)),
  };
}

/** Who shares so much with the machine has no label, Docker says, whether there are labels or not. */
function securityOptions({ SecurityOpt, Privileged, PidMode, IpcMode }: WireHostConfig): readonly string[] {
  const isOpen = Privileged || PidMode === 'host' || IpcMode === 'host';
  return isOpen && SecurityOpt.length === 0 ? ['label=disable'] : SecurityOpt;
}

/** Docker gives a container that is limited in memory as much swap again. */
function withSwap(limits: ResourceLimits): ResourceLimits {
  if (limits.memory === undefined || limits.memorySwap !== undefined) return limits;
  return { ...limits, memorySwap: limits.memory * 2 };
}

/** Limits that were asked for; 0 and empty mean none. */
export function parseLimits(host: WireLimits): ResourceLimits {
  return {
    ...(host.Memory !== 0 && { memory: host.Memory }),
    ...(host.MemoryReservation !== 0 && { memoryReservation: host.MemoryReservation }),
    ...(host.MemorySwap !== 0 && { memorySwap: host.MemorySwap }),
    ...(host.NanoCpus !== 0 && { nanoCpus: host.NanoCpus }),
    ...(host.CpuShares !== 0 && { cpuShares: host.CpuShares }),
    ...(host.CpuPeriod !== 0 && { cpuPeriod: host.CpuPeriod }),
    ...(host.CpuQuota !== 0 && { cpuQuota: host.CpuQuota }),
    ...(host.CpusetCpus !== '' && { cpusetCpus: host.CpusetCpus }),
    ...(host.CpusetMems !== '' && { cpusetMems: host.CpusetMems }),
    ...(host.PidsLimit !== undefined && host.PidsLimit > 0 && { pids: host.PidsLimit }),
    ...(host.BlkioWeight !== 0 && { blkioWeight: host.BlkioWeight }),
    ...(host.OomKillDisable !== undefined && { oomKillDisable: host.OomKillDisable }),
  };
}
