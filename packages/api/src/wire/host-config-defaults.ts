import type { Json } from '@fairlead/engine';

/**
 * Every field of `HostConfig` that the engine does not act on, with the value that Docker shows when nobody set it.
 *
 * They are stored and shown again, so that templates and tools that compare configurations find what they expect.
 */
export const passiveHostDefaults: Readonly<Record<string, Json>> = {
  ContainerIDFile: '',
  ConsoleSize: [0, 0],
  Cgroup: '',
  UsernsMode: '',
  Runtime: 'runc',
  Isolation: '',
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemorySwappiness: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: [
    '/proc/asound',
    '/proc/acpi',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
  ],
  ReadonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
};

/** Fields that are shown only when somebody set them. */
const passiveHostOptional: readonly string[] = [
  'Annotations',
  'CgroupnsMode',
  'StorageOpt',
  'KernelMemory',
  'KernelMemoryTCP',
  'DiskQuota',
];

/** Canonical names of all of them by their lower case, as Go matches keys. */
export const passiveHostNames: ReadonlyMap<string, string> = new Map(
  [...Object.keys(passiveHostDefaults), ...passiveHostOptional].map((name) => [name.toLowerCase(), name]),
);

/** Fields of `Config` that are stored and shown but not acted on. */
export const passiveConfigNames: ReadonlyMap<string, string> = new Map(
  ['OnBuild', 'Shell', 'ArgsEscaped', 'MacAddress'].map((name) => [name.toLowerCase(), name]),
);
