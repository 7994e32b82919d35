import type { ClassicInstruction } from '@fairlead/base';
import { decodeMessages, type Message } from '@fairlead/netlink';
import type { SocketProgram } from '../program/socket-program.ts';
import { bind, recv, setsockopt, whenReadable } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { type NetlinkProtocol, NetlinkSocket } from './netlink-socket.ts';
import { attachFilter, attachProgram } from './socket-filter.ts';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const MSG_DONTWAIT = 0x40;

/** struct sockaddr_nl of a socket whose port number the kernel chooses. */
const anyPort = Uint8Array.of(16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** One for all listeners, for each datagram is handed on within one call. */
const buffer = new Uint8Array(64 * 1024);

/** Notifications of the kernel to a multicast group. */
export interface NetlinkListener extends Disposable {
  /** Hand over what has come by now, without waiting for the event loop. */
  drain(): void;
  /** Have a program asked about each message from now on. @throws SystemCallError */
  ask(program: SocketProgram): void;
}

/**
 * Listen to multicast groups of the namespace this thread is in. `handler` gets each message, whose body is a copy.
 *
 * @param onLoss is called when the kernel could not keep messages for us; how many it does not tell.
 * @param program which messages to get, when not all.
 */
export function listenToNetlink(
  protocol: NetlinkProtocol,
  groups: readonly number[],
  handler: (message: Message) => void,
  onLoss: () => void = () => {},
  program: readonly ClassicInstruction[] = [],
): NetlinkListener {
  const socket = new NetlinkSocket(protocol);
  const { descriptor } = socket;
  try {
    // Without a port number of its own a socket counts as the sender, the kernel, and is passed over.
    bind(descriptor, anyPort, anyPort.length);
    if (program.length > 0) attachFilter(descriptor, program);
    for (const group of groups) setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, wordOf(group), 4);
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  let open = true;
  const drain = (): void => {
    while (open) {
      const length = receive(descriptor, onLoss);
      if (length === undefined) return;
      for (const message of decodeMessages(buffer.slice(0, length))) handler(message);
    }
  };
  const readiness = whenReadable(descriptor, drain);
  return {
    drain,
    ask: (program) => attachProgram(descriptor, program),
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      readiness[Symbol.dispose]();
      socket[Symbol.dispose]();
    },
  };
}

/** `undefined` when there is nothing more. */
function receive(descriptor: number, onLoss: () => void): number | undefined {
  for (;;) {
    try {
      return recv(descriptor, buffer, buffer.length, MSG_DONTWAIT);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (error.errno === 'ENOBUFS') onLoss();
      else if (error.errno !== 'EINTR') return undefined;
    }
  }
}

function wordOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
