/** The profile of containers that ask for none: Docker's name, for who looks at it, and for a dockerd beside. */
export const defaultProfileName = 'docker-default';

/** What the text of the profile depends on. */
export type ProfileSurroundings = {
  /** What confines the program that signals containers; `unconfined` as a rule. */
  readonly daemonProfile: string;
  /** /etc/apparmor.d has `tunables/global`, which says where /proc is. */
  readonly hasTunables: boolean;
  /** /etc/apparmor.d has `abstractions/base`, what every program may do. */
  readonly hasBase: boolean;
};

/**
 * The default profile as apparmor_parser(8) reads it, to the effect of Docker's (moby, profiles/apparmor/template.go): files,
 * network and capabilities are decided about elsewhere, by namespaces and the bounding set; what is closed here is the
 * kernel's own, in the places where it cannot be hidden by mounts.
 */
export function defaultProfile({ daemonProfile, hasTunables, hasBase }: ProfileSurroundings): string {
  const name = defaultProfileName;
  return `${hasTunables ? '#include <tunables/global>' : '@{PROC}=/proc/'}

profile ${name} flags=(attach_disconnected,mediate_deleted) {
${hasBase ? '  #include <abstractions/base>\n' : ''}
  network,
  capability,
  file,
  umount,

  # From those that run containers, and among the processes of containers.
  signal (receive) peer=${daemonProfile},
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send,receive) peer=${name},
  ptrace (trace,read,tracedby,readby) peer=${name},

  deny mount,

  # Of /proc only processes, and of /proc/sys only kernel/shm*, are written to.
  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  # Of /sys only control groups.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;
}
