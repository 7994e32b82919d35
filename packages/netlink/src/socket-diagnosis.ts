import { ByteReader, ByteWriter, type IpAddress, ipFromBytes, type PortRange } from '@fairlead/base';
import { Attributes } from './attribute.ts';
import { encodeMessage, type Message, messageFlag } from './message.ts';
import { addressFamily, familyNumber } from './route/message-types.ts';

/** SOCK_DIAG_BY_FAMILY (include/uapi/linux/sock_diag.h); the messages go to NETLINK_SOCK_DIAG. */
const DIAGNOSE_BY_FAMILY = 20;
/** TCPDIAG_GETSOCK (include/uapi/linux/inet_diag.h). */
const DIAGNOSE_TCP = 18;
/** IPPROTO_*. */
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/** TCP states (include/net/tcp_states.h); a UDP socket that is not connected counts as closed. */
const socketStates = {
  established: 1,
  synSent: 2,
  synReceived: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
  /** TCP only, since Linux 6.8: bound, and neither listening nor connected. Such a socket is told of as `close`. */
  bound: 13,
} as const;

/** Name of a socket's state. */
export type SocketState = keyof typeof socketStates;

/** A socket in a namespace, as ss(8) lists it. */
export interface SocketDetails {
  readonly protocol: keyof typeof protocols;
  readonly state: SocketState | undefined;
  readonly local: { readonly address: IpAddress; readonly port: number };
  readonly remote: { readonly address: IpAddress; readonly port: number };
  /** Number in `/proc/<pid>/fd/*` → `socket:[inode]`, which leads to the process. */
  readonly inode: number;
  readonly userId: number;
  /** Bytes that wait to be read; of a TCP socket that listens, connections that wait to be accepted. */
  readonly receiveQueue: number;
  /** Bytes that wait to be sent; of a TCP socket that listens, how many connections may wait. */
  readonly sendQueue: number;
  /** Of an IPv6 socket that leaves IPv4 alone. */
  readonly v6Only?: true;
  /** Index of the interface that it is bound to (SO_BINDTODEVICE), if it is. */
  readonly device?: number;
}

/** Bytes of struct inet_diag_msg, and INET_DIAG_SKV6ONLY of the attributes behind it. */
const DETAILS_BYTES = 72;
const V6ONLY = 11;
/** Bytes of struct inet_diag_sockid, which is unused in a dump. */
const SOCKET_ID_BYTES = 48;
/** INET_DIAG_REQ_BYTECODE; INET_DIAG_BC_S_GE and INET_DIAG_BC_S_LE of its instructions (inet_diag.h). */
const BYTECODE = 1;
const SOURCE_AT_LEAST = 2;
const SOURCE_AT_MOST = 3;

/**
 * Request for all sockets of one family and protocol in some states (all, when none are named).
 *
 * @param ports absent means those on every port.
 */
export function dumpSocketsMessage(
  family: 4 | 6,
  protocol: keyof typeof protocols,
  states: readonly SocketState[] = [],
  ports?: PortRange,
): Uint8Array {
  return encodeMessage(DIAGNOSE_BY_FAMILY, messageFlag.dump, (writer) => {
    const head = writer.header.u8(familyNumber(family)).u8(protocols[protocol]).u8(0).u8(0);
    head.u32(states.length === 0 ? 0xfff : maskOf(states)).zeros(SOCKET_ID_BYTES);
    if (ports !== undefined) writer.bytes(BYTECODE, localPortsIn(ports));
  });
}

/**
 * Request for the TCP sockets of both families in some states: the older form of the same request (struct inet_diag_req),
 * for which the kernel goes through its tables once instead of twice.
 */
export function dumpTcpSocketsMessage(states: readonly SocketState[], ports: PortRange): Uint8Array {
  return encodeMessage(DIAGNOSE_TCP, messageFlag.dump, (writer) => {
    writer.header
      .zeros(4 + SOCKET_ID_BYTES)
      .u32(maskOf(states))
      .u32(0);
    writer.bytes(BYTECODE, localPortsIn(ports));
  });
}

function maskOf(states: readonly SocketState[]): number {
  return states.reduce((bits, state) => bits | (1 << socketStates[state]), 0);
}

/** Two comparisons of eight bytes each; one that fails jumps four bytes behind the end, which rejects the socket. */
function localPortsIn({ first, last }: PortRange): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(SOURCE_AT_LEAST).u8(8).u16(20).u16(0).u16(first);
  return writer.u8(SOURCE_AT_MOST).u8(8).u16(12).u16(0).u16(last).finish();
}

/** Read an answer to {@link dumpSocketsMessage} (struct inet_diag_msg). */
export function decodeSocket(message: Message, protocol: keyof typeof protocols): SocketDetails {
  const reader = new ByteReader(message.body);
  const length = reader.u8() === addressFamily.ipv6 ? 16 : 4;
  const state = reader.u8();
  const localPort = reader.skip(2).u16be();
  const remotePort = reader.u16be();
  const local = ipFromBytes(reader.bytes(16).subarray(0, length));
  const remote = ipFromBytes(reader.bytes(16).subarray(0, length));
  const device = reader.u32();
  // Cookie, timer.
  const receiveQueue = reader.skip(8 + 4).u32();
  const sendQueue = reader.u32();
  const userId = reader.u32();
  const inode = reader.u32();
  const v6Only = message.body.length > DETAILS_BYTES && new Attributes(message.body.subarray(DETAILS_BYTES)).u8(V6ONLY);
  return {
    protocol,
    state: nameOfState(state),
    local: { address: local, port: localPort },
    remote: { address: remote, port: remotePort },
    inode,
    userId,
    receiveQueue,
    sendQueue,
    ...(v6Only && { v6Only: true }),
    ...(device !== 0 && { device }),
  };
}

function nameOfState(number: number): SocketState | undefined {
  for (const [name, value] of Object.entries(socketStates)) if (value === number && isState(name)) return name;
  return undefined;
}

function isState(name: string): name is SocketState {
  return name in socketStates;
}
