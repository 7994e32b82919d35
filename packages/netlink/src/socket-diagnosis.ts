import { ByteReader, type IpAddress, ipFromBytes } from '@fairlead/base';
import { encodeMessage, type Message, messageFlag } from './message.ts';
import { addressFamily, familyNumber } from './route/message-types.ts';

/** SOCK_DIAG_BY_FAMILY (include/uapi/linux/sock_diag.h); the messages go to NETLINK_SOCK_DIAG. */
const DIAGNOSE_BY_FAMILY = 20;
/** IPPROTO_*. */
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/** TCP states (include/net/tcp_states.h); a UDP socket that is not connected counts as closed. */
export const socketStates = {
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
}

/** Request for all sockets of one family and protocol in some states (all, when none are named). */
export function dumpSocketsMessage(
  family: 4 | 6,
  protocol: keyof typeof protocols,
  states: readonly SocketState[] = [],
): Uint8Array {
  const mask = states.reduce((bits, state) => bits | (1 << socketStates[state]), 0);
  return encodeMessage(DIAGNOSE_BY_FAMILY, messageFlag.dump, (writer) => {
    writer.header
      .u8(familyNumber(family))
      .u8(protocols[protocol])
      .u8(0)
      .u8(0)
      .u32(states.length === 0 ? 0xfff : mask);
    // inet_diag_sockid: which socket, unused in a dump.
    writer.header.zeros(48);
  });
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
  // Interface, cookie, timer.
  const receiveQueue = reader.skip(4 + 8 + 4).u32();
  const sendQueue = reader.u32();
  const userId = reader.u32();
  return {
    protocol,
    state: nameOfState(state),
    local: { address: local, port: localPort },
    remote: { address: remote, port: remotePort },
    inode: reader.u32(),
    userId,
    receiveQueue,
    sendQueue,
  };
}

function nameOfState(number: number): SocketState | undefined {
  for (const [name, value] of Object.entries(socketStates)) if (value === number && isState(name)) return name;
  return undefined;
}

function isState(name: string): name is SocketState {
  return name in socketStates;
}
