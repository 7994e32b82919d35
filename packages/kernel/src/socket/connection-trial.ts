import { familyOf, type IpAddress } from '@fairlead/base';
import { close, connect, sendto, setsockopt, socket } from '../system-call/syscalls.ts';
import { AF_INET, AF_INET6, socketAddressOf } from './socket-address.ts';

const types = { tcp: 1, udp: 2 } as const;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_TCP = 6;
/** include/uapi/linux/tcp.h. */
const TCP_REPAIR = 19;
const ON = Uint8Array.of(1, 0, 0, 0);
/** The kernel prepares everything, and sends nothing (ip_make_skb). */
const MSG_PROBE = 0x10;

/**
 * Try whether a program that runs here may connect, or send a datagram, as far as whoever is asked about that has to say
 * (control groups, security modules). Nothing is sent: a TCP socket in repair mode is connected without a packet
 * (tcp_connect in net/ipv4/tcp_output.c).
 *
 * @throws SystemCallError `EPERM` when somebody forbids it.
 */
export function tryConnection(protocol: 'tcp' | 'udp', destination: IpAddress, port: number): void {
  const domain = familyOf(destination) === 4 ? AF_INET : AF_INET6;
  const descriptor = socket(domain, types[protocol] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const address = socketAddressOf(destination, port);
  try {
    if (protocol === 'tcp') setsockopt(descriptor, IPPROTO_TCP, TCP_REPAIR, ON, ON.length);
    else sendto(descriptor, new Uint8Array(1), 1, MSG_PROBE, address, address.length);
    connect(descriptor, address, address.length);
  } finally {
    close(descriptor);
  }
}
