import type { OciMount } from './oci-types.ts';

/** Docker's size of /dev/shm: 64 MiB, in bytes. */
export const defaultShmSize = 64 * 1024 * 1024;

/** What differs between containers in the mounts that every one gets. */
export type DefaultMountOptions = {
  /** Size of /dev/shm in bytes. */
  readonly shmSize: number;
  /** Kernel interfaces are writable. */
  readonly privileged: boolean;
  /** Host path to bind at /dev/shm: with a shared IPC namespace. */
  readonly shmPath?: string | undefined;
  /** Control groups are mounted writable; who may write to them is another matter. */
  readonly writableCgroups?: boolean;
};

/** The file systems that every container gets (moby, oci/defaults.go, and withMounts of daemon/oci_linux.go). */
export function defaultMounts({
  shmSize,
  privileged,
  shmPath,
  writableCgroups = privileged,
}: DefaultMountOptions): OciMount[] {
  const access = privileged ? 'rw' : 'ro';
  const cgroupAccess = writableCgroups ? 'rw' : 'ro';
  const kernel = ['nosuid', 'noexec', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: kernel },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...kernel, access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [cgroupAccess, ...kernel] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: kernel },
    shmPath === undefined
      ? { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...kernel, 'mode=1777', `size=${shmSize}`] }
      : { destination: '/dev/shm', type: 'bind', source: shmPath, options: ['rbind', 'rprivate'] },
  ];
}

/** Hidden from a container that is not privileged (moby, oci/defaults.go). */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** Not writable in a container that is not privileged (moby, oci/defaults.go). */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
