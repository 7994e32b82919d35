import type { Family, IpAddress } from '@fairlead/base';
import { AF_INET, AF_INET6, readSocketAddress, socketAddressOf } from '../socket/socket-address.ts';
import { close, recvfrom, sendto, socket, whenReadable } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** Packets of one protocol above IP. */
export interface RawSocket extends Disposable {
  /** @throws SystemCallError for example `sendto: Network is unreachable (ENETUNREACH)`. */
  send(payload: Uint8Array, to: IpAddress): void;
}

const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const ADDRESS_BYTES = 28;

/**
 * Send and get packets of a protocol that the kernel need not speak, in the namespace this thread is in. `receive` gets
 * the payload of each that comes to an address of this host; what it is given is only valid during the call.
 *
 * @param protocol number of the protocol, for example 132 for SCTP.
 */
export function openRawSocket(
  family: Family,
  protocol: number,
  receive: (payload: Uint8Array, from: IpAddress) => void,
): RawSocket {
  const descriptor = socket(family === 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, protocol);
  const buffer = new Uint8Array(65_535);
  const readiness = whenReadable(descriptor, () => {
    const from = new Uint8Array(ADDRESS_BYTES);
    const length = receiveFrom(descriptor, buffer, from);
    // raw(7): IPv4 packets come with their header, whose length in words is in its first byte; IPv6 packets without.
    const header = family === 4 ? ((buffer[0] ?? 0) & 15) * 4 : 0;
    if (length > header) receive(buffer.subarray(header, length), readSocketAddress(from).address);
  });
  return {
    send(payload, to) {
      // Port 0: raw(7) takes the socket's protocol then.
      const address = socketAddressOf(to, 0);
      sendto(descriptor, payload, payload.length, 0, address, address.length);
    },
    [Symbol.dispose]() {
      readiness[Symbol.dispose]();
      close(descriptor);
    },
  };
}

/** 0 when there is only an ICMP error of an earlier packet. */
function receiveFrom(descriptor: number, buffer: Uint8Array, from: Uint8Array): number {
  try {
    return recvfrom(descriptor, buffer, buffer.length, MSG_DONTWAIT, from, Uint8Array.of(from.length, 0, 0, 0));
  } catch (error) {
    if (error instanceof SystemCallError) return 0;
    throw error;
  }
}
