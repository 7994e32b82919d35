import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { familyOf, type IpAddress } from '@fairlead/base';
import { close } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { listAttachedPrograms, nameOfBpfProgram, openBpfProgram, runBpfProgram } from './bpf-call.ts';
import { controlGroupRoot } from './control-group-program.ts';

/** Where a control group asks programs that can refuse traffic (enum bpf_attach_type), by the names that bpftool(8) has. */
export const controlGroupHooks = {
  cgroup_inet_ingress: 0,
  cgroup_inet_egress: 1,
  cgroup_inet_sock_create: 2,
  cgroup_inet4_connect: 10,
  cgroup_inet6_connect: 11,
  cgroup_udp4_sendmsg: 14,
  cgroup_udp6_sendmsg: 15,
} as const;

/** Name of a place where a control group asks programs. */
export type ControlGroupHook = keyof typeof controlGroupHooks;

/** A program that is asked for the traffic of a control group's processes. */
export interface ControlGroupProgram {
  /** Number that the kernel has given it. */
  readonly id: number;
  /** As whoever loaded it has called it; '' when that was nothing. */
  readonly name: string;
  readonly hook: ControlGroupHook;
  /** The control group that it is attached to, from the root: that of the processes, or one above it. */
  readonly group: string;
  /** Folder of that group, where the groups are mounted. */
  readonly folder: string;
}

/**
 * The control group of version 2 that a process is in, from the root: `/system.slice/x.service`. Sockets belong to the one
 * in which they were made.
 *
 * @returns `undefined` when the process is gone, or the kernel has no such groups.
 */
export function controlGroupOf(pid: number): string | undefined {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Programs that are asked for the traffic of a control group: its own, and those of the groups above it, the root first. */
export function controlGroupPrograms(group: string): ControlGroupProgram[] {
  return inControlGroups((root) => [...pathTo(group)].flatMap((each) => programsAt(root, each)));
}

/** `/`, `/a`, `/a/b`. */
function pathTo(group: string): string[] {
  const names = group.split('/').filter(Boolean);
  return ['/', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

function programsAt(root: string, group: string): ControlGroupProgram[] {
  const descriptor = openSync(root + group, 'r');
  try {
    return Object.entries(controlGroupHooks).flatMap(([hook, number]) =>
      listAttachedPrograms(descriptor, number).flatMap((id) => {
        const name = nameOf(id);
        return isHook(hook) && name !== undefined ? [{ id, name, hook, group, folder: root + group }] : [];
      }),
    );
  } finally {
    closeSync(descriptor);
  }
}

function isHook(name: string): name is ControlGroupHook {
  return name in controlGroupHooks;
}

/** Nothing for a program that has gone meanwhile. */
function nameOf(id: number): string | undefined {
  return withProgram(id, nameOfBpfProgram);
}

/** Ethernet types of the IP versions. */
const etherTypes = { 4: [0x08, 0x00], 6: [0x86, 0xdd] } as const;

/**
 * Ask a program for packets (hooks `cgroup_inet_ingress` and `cgroup_inet_egress`) about one that we have, in this thread's
 * network namespace. What it counts, it counts.
 *
 * @param packet from its IP header on.
 * @returns `undefined` when it cannot be asked.
 */
export function wouldRefuse(id: number, packet: Uint8Array, source: IpAddress): boolean | undefined {
  const frame = Buffer.concat([new Uint8Array(12), Uint8Array.from(etherTypes[familyOf(source)]), packet]);
  // Its lowest bit says whether the packet may pass (include/linux/bpf-cgroup.h).
  return withProgram(id, (program) => (runBpfProgram(program, frame) & 1) === 0);
}

function withProgram<T>(id: number, work: (program: number) => T): T | undefined {
  let program: number | undefined;
  try {
    program = openBpfProgram(id);
    return work(program);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return undefined;
  } finally {
    if (program !== undefined) close(program);
  }
}

/** True for a control group whose processes are kept from running, as is whoever joins it. */
export function isFrozenControlGroup(group: string): boolean {
  try {
    return inControlGroups((root) => /^frozen 1$/m.test(readFileSync(`${root}${group}/cgroup.events`, 'utf8')));
  } catch {
    // The root has no such file, nor has a group that is gone.
    return false;
  }
}

/** Move this process into a control group, so that sockets that it makes from now on belong to it. */
export function joinControlGroup(group: string): void {
  inControlGroups((root) => writeFileSync(`${root}${group}/cgroup.procs`, '0'));
}

/** @param work gets the path under which the groups are found while it runs. */
function inControlGroups<T>(work: (root: string) => T): T {
  // A mount of our own takes two milliseconds.
  const mounted = mountedRoot();
  if (mounted !== undefined) return work(mounted);
  const root = controlGroupRoot();
  try {
    return work(`/proc/self/fd/${root}`);
  } finally {
    close(root);
  }
}

/** Where the whole of the groups is mounted: `/sys/fs/cgroup`, or a folder in it where version 1 has that. */
function mountedRoot(): string | undefined {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const fields = lines.filter((line) => line.includes(' - cgroup2 ')).map((line) => line.split(' '));
  return fields.find(([, , , root]) => root === '/')?.[4];
}
