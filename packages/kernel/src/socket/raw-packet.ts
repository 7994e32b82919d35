import { type Family, familyOf, type IpAddress } from '@fairlead/base';
import { bind, close, getsockname, onceReady, recv, sendto, setsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { AF_INET, AF_INET6, readSocketAddress, socketAddressOf } from './socket-address.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_RAW = 255;
const MSG_DONTWAIT = 0x40;
const SOL_IP = 0;
const IP_MTU_DISCOVER = 10;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
/** IP_PMTUDISC_PROBE, the same number in both families. */
const PROBE_MTU = Uint8Array.of(3, 0, 0, 0);

/**
 * Send an IP packet as it is, header included, from the namespace this thread is in. It goes through the namespace's own
 * output rules and routes like any other.
 *
 * @throws SystemCallError `EPERM` when a rule for outgoing packets drops it, `ENETUNREACH` without a route, `EMSGSIZE`
 *   when it is longer than the interface takes.
 */
export function sendRawPacket(packet: Uint8Array, destination: IpAddress): void {
  const descriptor = socket(domainOf(familyOf(destination)), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  try {
    // What was learnt about the way's size may be out of date: the packet is to find out anew.
    const [level, option] = familyOf(destination) === 4 ? [SOL_IP, IP_MTU_DISCOVER] : [IPPROTO_IPV6, IPV6_MTU_DISCOVER];
    setsockopt(descriptor, level, option, PROBE_MTU, 4);
    const address = socketAddressOf(destination, 0);
    sendto(descriptor, packet, packet.length, 0, address, address.length);
  } finally {
    close(descriptor);
  }
}

/** A port that nobody else in the namespace gets while it is held. */
export interface ReservedPort extends Disposable {
  readonly port: number;
  /** The next datagram that was sent to the port, `undefined` when there is none; always `undefined` for TCP. */
  receive(): Uint8Array | undefined;
  /** @param hear is called once there is a datagram, until disposed of, which has to be before the port is; never for TCP. */
  listen(hear: () => void): Disposable;
}

/** Take a free port of an address, in the namespace this thread is in, without listening on it. */
export function reservePort(protocol: 'tcp' | 'udp', address: IpAddress): ReservedPort {
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  const descriptor = socket(domainOf(familyOf(address)), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    const wanted = socketAddressOf(address, 0);
    bind(descriptor, wanted, wanted.length);
    return {
      port: portOf(descriptor),
      receive: () => (protocol === 'udp' ? nextDatagram(descriptor) : undefined),
      listen: (hear) => (protocol === 'udp' ? onceReady(descriptor, 'readable', hear) : deaf),
      [Symbol.dispose]: () => close(descriptor),
    };
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

const deaf: Disposable = { [Symbol.dispose]: () => undefined };

function domainOf(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function portOf(descriptor: number): number {
  const bytes = new Uint8Array(28);
  getsockname(descriptor, bytes, Uint8Array.of(28, 0, 0, 0));
  return readSocketAddress(bytes).port;
}

function nextDatagram(descriptor: number): Uint8Array | undefined {
  const buffer = new Uint8Array(65_535);
  try {
    return buffer.subarray(0, recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}
