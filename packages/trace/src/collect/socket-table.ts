import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { OpenNamespace } from '@fairlead/kernel';
import { decodeSocket, dumpSocketsMessage, type SocketDetails, type SocketState } from '@fairlead/netlink/sockets';

/** A process, by the name that it has. */
export interface SocketProcess {
  readonly pid: number;
  readonly name: string;
  /** Why it does nothing at present; absent for one that runs, or waits for something to do. */
  readonly halt?: ProcessHalt;
}

/** By SIGSTOP or the like, or by the freezer of its control group (`docker pause`). */
export type ProcessHalt = 'stopped' | 'frozen';

/** The sockets of a namespace that take new packets: TCP's that listen, all of UDP's. */
export function receivingSockets(namespace: OpenNamespace, protocol: 'tcp' | 'udp'): SocketDetails[] {
  return ([4, 6] as const).flatMap((family) =>
    namespace.diagnosis
      .execute('list sockets', dumpSocketsMessage(family, protocol, protocol === 'tcp' ? ['listen'] : []))
      .map((message) => decodeSocket(message, protocol)),
  );
}

/** The TCP sockets of a namespace, of both families, that are in one of some states. */
export function tcpSockets(namespace: OpenNamespace, states: readonly SocketState[]): SocketDetails[] {
  return ([4, 6] as const).flatMap((family) =>
    namespace.diagnosis
      .execute('list sockets', dumpSocketsMessage(family, 'tcp', states))
      .map((message) => decodeSocket(message, 'tcp')),
  );
}

/**
 * A process in the namespace that has the socket open, rather one that is not halted; `undefined` when none is found, the
 * kernel's own for example.
 */
export function processOfSocket(socketInode: number, namespaceInode: number): SocketProcess | undefined {
  let halted: SocketProcess | undefined;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!(pid > 0) || !isIn(pid, namespaceInode) || !holds(pid, socketInode)) continue;
    const halt = haltOf(pid);
    if (halt === undefined) return { pid, name: nameOf(pid) };
    halted ??= { pid, name: nameOf(pid), halt };
  }
  return halted;
}

/** The kernel's functions in which frozen tasks sleep (kernel/freezer.c, kernel/signal.c). */
const frozenIn: ReadonlySet<string> = new Set(['__refrigerator', 'do_freezer_trap', 'get_signal']);

/** proc_pid_stat(5): the state stands behind the name, which may hold anything; proc_pid_wchan(5). */
function haltOf(pid: number): ProcessHalt | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  if (state === 'T') return 'stopped';
  return frozenIn.has(readText(`/proc/${pid}/wchan`)) ? 'frozen' : undefined;
}

function isIn(pid: number, namespaceInode: number): boolean {
  return readLink(`/proc/${pid}/ns/net`) === `net:[${namespaceInode}]`;
}

function holds(pid: number, socketInode: number): boolean {
  const wanted = `socket:[${socketInode}]`;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => readLink(`/proc/${pid}/fd/${descriptor}`) === wanted);
  } catch {
    return false;
  }
}

/** It may have ended meanwhile. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string {
  return readText(`/proc/${pid}/comm`).trim() || 'a process that has ended';
}

/** Nothing of a process that has ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
