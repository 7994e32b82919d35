import { ByteReader, familyOf, type IpAddress } from '@fairlead/base';
import { type ErrnoName, errnoName } from '@fairlead/netlink/errno';
import { close, connect, getsockname, getsockopt, onceReady, setsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { AF_INET, AF_INET6, readSocketAddress, socketAddressOf } from './socket-address.ts';

const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const IPPROTO_TCP = 6;
/** include/uapi/linux/tcp.h. */
const TCP_INFO = 11;
const TCP_REPAIR = 19;
const TCP_REPAIR_QUEUE = 20;
const TCP_QUEUE_SEQ = 21;
const TCP_SEND_QUEUE = 2;
const TCP_ESTABLISHED = 1;
const TCP_SYN_SENT = 2;

/** How a connection stands. */
export interface ConnectionState {
  readonly state: 'connecting' | 'connected' | 'failed';
  /** Why it failed. */
  readonly errno?: ErrnoName;
  /** Smoothed round-trip time in microseconds. */
  readonly roundTrip?: number;
  /** Bytes. */
  readonly pathMtu?: number;
}

/** A TCP connection whose first sequence number we chose, so that its first packet can be recognised anywhere. */
export interface NumberedConnection extends Disposable {
  readonly source: { readonly address: IpAddress; readonly port: number };
  check(): ConnectionState;
  /** @param hear is called once it has connected or failed, until disposed of, which has to be before the connection is. */
  listen(hear: () => void): Disposable;
}

/**
 * Begin a connection, in the namespace this thread is in, with a sequence number of our choice: the socket is put into
 * repair mode for as long as it takes to set the number (net/ipv4/tcp.c, tcp_v4_connect keeps one that is there).
 *
 * @throws SystemCallError `ENETUNREACH` and the like, and `EPERM` without CAP_NET_ADMIN.
 */
export function openNumberedConnection(destination: IpAddress, port: number, sequence: number): NumberedConnection {
  const domain = familyOf(destination) === 4 ? AF_INET : AF_INET6;
  const descriptor = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    setNumber(descriptor, TCP_REPAIR, 1);
    setNumber(descriptor, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
    setNumber(descriptor, TCP_QUEUE_SEQ, sequence);
    setNumber(descriptor, TCP_REPAIR, 0);
    begin(descriptor, destination, port);
    const source = new Uint8Array(28);
    getsockname(descriptor, source, Uint8Array.of(28, 0, 0, 0));
    return {
      source: readSocketAddress(source),
      check: () => stateOf(descriptor),
      listen: (hear) => onceReady(descriptor, 'writable', hear),
      [Symbol.dispose]: () => close(descriptor),
    };
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

function begin(descriptor: number, destination: IpAddress, port: number): void {
  const address = socketAddressOf(destination, port);
  try {
    connect(descriptor, address, address.length);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== 'EINPROGRESS') throw error;
  }
}

function setNumber(descriptor: number, option: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  setsockopt(descriptor, IPPROTO_TCP, option, bytes, 4);
}

/** struct tcp_info: state first, path MTU at 60, round-trip time at 68. */
function stateOf(descriptor: number): ConnectionState {
  const failure = new Uint8Array(4);
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, failure, Uint8Array.of(4, 0, 0, 0));
  const errno = new ByteReader(failure).i32();
  if (errno !== 0) return { state: 'failed', errno: errnoName(errno) };
  const information = new Uint8Array(104);
  getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, information, Uint8Array.of(104, 0, 0, 0));
  const reader = new ByteReader(information);
  const state = reader.u8();
  if (state === TCP_SYN_SENT) return { state: 'connecting' };
  if (state !== TCP_ESTABLISHED) return { state: 'failed' };
  const pathMtu = reader.skip(59).u32();
  return { state: 'connected', pathMtu, roundTrip: reader.skip(4).u32() };
}
