import { existsSync } from 'node:fs';
import type { ContainerConfig, Json, ResourceLimits } from '@fairlead/engine';
import { passiveHostDefaults } from './host-config-defaults.ts';
import { presentMountRequest } from './mount.ts';
import { presentBindings } from './port-map.ts';

/** What decides whether containers get a cgroup namespace of their own unless asked otherwise. */
const hasUnifiedCgroups = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** `HostConfig` as `inspect` shows it: complete, with Docker's values for what nobody set. */
export function presentHostConfig({ host, other }: ContainerConfig): Readonly<Record<string, unknown>> {
  return {
    ...passiveHostDefaults,
    ...privilegedPaths(host.privileged),
    CgroupnsMode: hasUnifiedCgroups && !host.privileged ? 'private' : 'host',
    ...other.host,
    Binds: listOrNull(host.binds),
    LogConfig: { Type: host.logConfig.type, Config: host.logConfig.options },
    NetworkMode: host.networkMode,
    PortBindings: presentBindings(host.portBindings),
    RestartPolicy: { Name: host.restartPolicy.name, MaximumRetryCount: host.restartPolicy.maximumRetryCount },
    AutoRemove: host.autoRemove,
    CapAdd: listOrNull(host.capAdd),
    CapDrop: listOrNull(host.capDrop),
    Dns: host.dns,
    DnsOptions: host.dnsOptions,
    DnsSearch: host.dnsSearch,
    ExtraHosts: listOrNull(host.extraHosts),
    GroupAdd: listOrNull(host.groupAdd),
    IpcMode: host.ipcMode,
    Links: listOrNull(host.links),
    OomScoreAdj: host.oomScoreAdjust,
    PidMode: host.pidMode,
    Privileged: host.privileged,
    PublishAllPorts: host.publishAllPorts,
    ReadonlyRootfs: host.readonlyRootfs,
    SecurityOpt: listOrNull(host.securityOptions),
    UTSMode: host.utsMode,
    VolumeDriver: host.volumeDriver ?? '',
    VolumesFrom: listOrNull(host.volumesFrom ?? []),
    ShmSize: host.shmSize,
    CgroupParent: host.cgroupParent,
    ...presentLimits(host.limits),
    Devices: host.devices.map(({ pathOnHost, pathInContainer, permissions }) => ({
      PathOnHost: pathOnHost,
      PathInContainer: pathInContainer,
      CgroupPermissions: permissions,
    })),
    Ulimits: host.ulimits.map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft })),
    ...(host.mounts.length > 0 && { Mounts: host.mounts.map(presentMountRequest) }),
    ...(Object.keys(host.tmpfs).length > 0 && { Tmpfs: host.tmpfs }),
    ...(Object.keys(host.sysctls).length > 0 && { Sysctls: host.sysctls }),
    ...(host.init !== undefined && { Init: host.init }),
  };
}

function presentLimits(limits: ResourceLimits) {
  return {
    CpuShares: limits.cpuShares ?? 0,
    Memory: limits.memory ?? 0,
    NanoCpus: limits.nanoCpus ?? 0,
    BlkioWeight: limits.blkioWeight ?? 0,
    CpuPeriod: limits.cpuPeriod ?? 0,
    CpuQuota: limits.cpuQuota ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    CpusetMems: limits.cpusetMems ?? '',
    MemoryReservation: limits.memoryReservation ?? 0,
    MemorySwap: limits.memorySwap ?? 0,
    OomKillDisable: limits.oomKillDisable ?? null,
    PidsLimit: limits.pids ?? null,
  };
}

/** A privileged container sees everything. */
function privilegedPaths(privileged: boolean): Readonly<Record<string, Json>> {
  return privileged ? { MaskedPaths: null, ReadonlyPaths: null } : {};
}

/** Go shows a list that was never set as null. */
function listOrNull(list: readonly string[]): readonly string[] | null {
  return list.length > 0 ? list : null;
}
