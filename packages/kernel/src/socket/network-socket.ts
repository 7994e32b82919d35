import { ByteWriter, type Family, type IpAddress, ipToBytes } from '@fairlead/base';
import { bind, close, listen, setsockopt, socket } from '../system-call/syscalls.ts';

/** Where a socket is bound. */
export interface BoundAddress {
  readonly family: Family;
  /** Absent means every address of the family. */
  readonly address?: IpAddress;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** IPv6 only: do not take IPv4 packets as well. Default true, so that both families can have the port. */
  readonly v6Only?: boolean;
  /** SO_REUSEADDR. */
  readonly reuseAddress?: boolean;
  /**
   * Take what a `tproxy` rule hands over, whatever its destination; the address need not be one of the host's. Accepted
   * connections have the destination for their own address. Needs CAP_NET_ADMIN.
   */
  readonly transparent?: boolean;
  /** Bind although the address is not there yet. */
  readonly freebind?: boolean;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const SOL_IP = 0;
const IP_TRANSPARENT = 19;
const IP_FREEBIND = 15;
const IPV6_FREEBIND = 78;
const on = Uint8Array.of(1, 0, 0, 0);
const off = new Uint8Array(4);

/**
 * Open and bind a UDP socket in the namespace this thread is in: a descriptor that `dgram.bind({ fd })` adopts.
 *
 * @throws SystemCallError for example `bind: Address already in use (EADDRINUSE)`.
 */
export function openDatagramSocket(where: BoundAddress): number {
  return openBound(where, SOCK_DGRAM);
}

/**
 * Open and bind a TCP socket in the namespace this thread is in: a descriptor that `server.listen({ fd })` adopts.
 * With `listen` (a backlog, or true for 511 as Node has it) it takes connections at once.
 *
 * @throws SystemCallError as {@link openDatagramSocket}.
 */
export function openStreamSocket(where: BoundAddress & { readonly listen?: boolean | number }): number {
  const descriptor = openBound(where, SOCK_STREAM);
  if (where.listen === undefined || where.listen === false) return descriptor;
  const backlog = where.listen === true ? 511 : where.listen;
  return closeOnFailure(descriptor, () => listen(descriptor, backlog));
}

/** Close a descriptor that nobody adopted. */
export function closeDescriptor(descriptor: number): void {
  close(descriptor);
}

function openBound(where: BoundAddress, type: number): number {
  const domain = where.family === 4 ? AF_INET : AF_INET6;
  const descriptor = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return closeOnFailure(descriptor, () => {
    if (where.reuseAddress) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, on, 4);
    if (where.family === 6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, where.v6Only === false ? off : on, 4);
    if (where.transparent) {
      const [level, option] = where.family === 6 ? [IPPROTO_IPV6, IPV6_TRANSPARENT] : [SOL_IP, IP_TRANSPARENT];
      setsockopt(descriptor, level, option, on, 4);
    }
    if (where.freebind) {
      const [level, option] = where.family === 6 ? [IPPROTO_IPV6, IPV6_FREEBIND] : [SOL_IP, IP_FREEBIND];
      setsockopt(descriptor, level, option, on, 4);
    }
    const address = socketAddress(where);
    bind(descriptor, address, address.length);
  });
}

function closeOnFailure(descriptor: number, work: () => void): number {
  try {
    work();
    return descriptor;
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

/** sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)). */
function socketAddress({ family, address, port }: BoundAddress): Uint8Array {
  const bytes = address === undefined ? new Uint8Array(family === 4 ? 4 : 16) : ipToBytes(address);
  const writer = new ByteWriter(28).u16(family === 4 ? AF_INET : AF_INET6).u16be(port);
  if (family === 4) return writer.bytes(bytes).zeros(8).finish();
  return writer.u32(0).bytes(bytes).u32(0).finish();
}
