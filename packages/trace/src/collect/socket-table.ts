import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { OpenNamespace } from '@fairlead/kernel';
import { decodeSocket, dumpSocketsMessage, type SocketDetails, type SocketState } from '@fairlead/netlink/sockets';

/** A process, by the name that it has. */
export interface SocketProcess {
  readonly pid: number;
  readonly name: string;
}

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

/** A process in the namespace that has the socket open; `undefined` when none is found, the kernel's own for example. */
export function processOfSocket(socketInode: number, namespaceInode: number): SocketProcess | undefined {
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!(pid > 0) || !isIn(pid, namespaceInode) || !holds(pid, socketInode)) continue;
    return { pid, name: nameOf(pid) };
  }
  return undefined;
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
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process that has ended';
  }
}
