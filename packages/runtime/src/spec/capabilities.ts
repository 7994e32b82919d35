import { FairleadError } from '@fairlead/base';

/** What Docker gives a container without being asked (moby, oci/caps/defaults.go). */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** Every capability by its number (linux/capability.h, up to Linux 5.9; none was added since). */
export const allCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

/** What a container asks for. */
export type CapabilityRequest = {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
};

/**
 * The capabilities of a container (moby, oci/caps/utils.go, TweakCapabilities). Names come with or without `CAP_`, in
 * any case; `ALL` means all. Additions win over removals, except that dropping `ALL` keeps only what is added.
 *
 * @param available what this program has itself: no more can be given. Anything beyond is left out where it came by
 * default or by `ALL`.
 * @throws FairleadError `invalid-argument` for an unknown name.
 */
export function resolveCapabilities(
  request: CapabilityRequest,
  available: readonly string[] = allCapabilities,
): string[] {
  const add = request.add.map((name) => canonical(name));
  const drop = request.drop.map((name) => canonical(name));
  if (request.privileged) return [...available];
  const dropped = new Set(drop);
  const starting = add.includes('ALL') ? allCapabilities : dropped.has('ALL') ? [] : defaultCapabilities;
  const kept = starting.filter((name) => available.includes(name) && !dropped.has(name));
  const named = add.filter((name) => name !== 'ALL');
  return [...new Set([...kept, ...named])];
}

/** Read the effective capabilities of a process from its `/proc/PID/status`. */
export function parseEffectiveCapabilities(status: string): string[] {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return allCapabilities.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/**
 * Check names of capabilities before anything is made of them.
 *
 * @param field `CapAdd` or `CapDrop`.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireCapabilities(field: string, names: readonly string[]): void {
  for (const name of names) canonical(name, field);
}

function canonical(name: string, field = 'capability'): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!allCapabilities.includes(full)) {
    throw new FairleadError('invalid-argument', `invalid ${field}: unknown capability: "${full}"`);
  }
  return full;
}
