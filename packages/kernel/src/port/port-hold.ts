import type { Family, IpAddress } from '@fairlead/base';
import { AF_INET, AF_INET6, socketAddressOf } from '../socket/socket-address.ts';
import { bind, close, setsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** A port to take away from everybody else. */
export interface HeldPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly family: Family;
  readonly address: IpAddress;
  readonly port: number;
  /** IPv6 wildcard only: take the IPv4 port with the same socket. */
  readonly bothFamilies?: boolean;
  /** Mark of the socket while it is bound, which lets it pass by a {@link PortGuard}. Needs CAP_NET_ADMIN. */
  readonly mark?: number;
}

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_SCTP = 132;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_MARK = 36;
const SOL_IP = 0;
const IP_FREEBIND = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_FREEBIND = 78;
const on = Uint8Array.of(1, 0, 0, 0);
const off = new Uint8Array(4);

/**
 * Bind a socket and do nothing with it, in the namespace this thread is in: while it is open nobody else gets the port.
 * A TCP socket does not listen, so the host answers as if nothing were there; a UDP socket keeps
 * almost no packet. An address that the host does not have yet is held as well, and is good from the moment it comes.
 *
 * TCP connections in TIME_WAIT do not stand in the way if their server used SO_REUSEADDR, which practically all do.
 *
 * @throws SystemCallError `EADDRINUSE`, `EACCES`; `EAFNOSUPPORT` without IPv6; `EPROTONOSUPPORT` or
 *   `ESOCKTNOSUPPORT` without SCTP.
 */
export function holdPort(held: HeldPort): number {
  const descriptor = socket(held.family === 4 ? AF_INET : AF_INET6, ...kindOf(held.protocol));
  try {
    if (held.family === 6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, held.bothFamilies ? off : on, 4);
    // The least that the kernel allows: packets that come before they are redirected pile up no further than that.
    // A filter that drops all would cost 7 µs a port.
    if (held.protocol === 'udp') setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, off, 4);
    if (held.mark !== undefined) setMark(descriptor, held.mark);
    const address = socketAddressOf(held.address, held.port);
    try {
      bind(descriptor, address, address.length);
    } catch (error) {
      const errno = error instanceof SystemCallError ? error.errno : undefined;
      if (errno === 'EADDRNOTAVAIL') bindAhead(descriptor, held.family, address);
      else if (held.protocol === 'tcp' && errno === 'EADDRINUSE') bindOverTimeWait(descriptor, address);
      else throw error;
    }
    if (held.mark !== undefined) setMark(descriptor, 0);
    return descriptor;
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

/**
 * With SO_REUSEADDR a bind fails only because of a socket that listens or did not set it (inet_bind_conflict in
 * net/ipv4/inet_connection_sock.c), so success means that only closed connections were in the way. The option is
 * taken back at once: another socket with it could otherwise still listen on the port.
 */
function bindOverTimeWait(descriptor: number, address: Uint8Array): void {
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, on, 4);
  bind(descriptor, address, address.length);
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, off, 4);
}

/** To an address that may come later: those of a VPN or a cluster often do, after the containers were started. */
function bindAhead(descriptor: number, family: Family, address: Uint8Array): void {
  if (family === 4) setsockopt(descriptor, SOL_IP, IP_FREEBIND, on, 4);
  else setsockopt(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, on, 4);
  bind(descriptor, address, address.length);
}

function setMark(descriptor: number, mark: number): void {
  setsockopt(descriptor, SOL_SOCKET, SO_MARK, new Uint8Array(Uint32Array.of(mark).buffer), 4);
}

function kindOf(protocol: HeldPort['protocol']): [type: number, protocol: number] {
  if (protocol === 'udp') return [SOCK_DGRAM | SOCK_CLOEXEC, 0];
  return [SOCK_STREAM | SOCK_CLOEXEC, protocol === 'sctp' ? IPPROTO_SCTP : 0];
}
