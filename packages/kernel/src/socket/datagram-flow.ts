import { familyOf, type IpAddress } from '@fairlead/base';
import { close, connect, recv, send, whenReadable } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { openDatagramSocket } from './network-socket.ts';
import { socketAddressOf } from './socket-address.ts';

/** A conversation by UDP with one peer. */
export interface DatagramFlow extends Disposable {
  /** Send a datagram; it may get lost like any other. */
  send(datagram: Uint8Array): void;
}

const LARGEST_DATAGRAM = 65_535;
/** Datagrams taken before other sockets have their turn. */
const BATCH = 32;
const MSG_DONTWAIT = 0x40;

/** One for all flows, for each datagram is handed on within one call. */
let buffer: Uint8Array | undefined;

/**
 * Open a UDP socket, in the namespace this thread is in, that speaks with one peer only. `receive` gets each datagram of
 * the peer; what it is given is only valid during the call. That the peer has nobody on its port is not reported.
 *
 * @throws SystemCallError for example `connect: Network is unreachable (ENETUNREACH)`.
 */
export function openDatagramFlow(
  address: IpAddress,
  port: number,
  receive: (datagram: Uint8Array) => void,
): DatagramFlow {
  buffer ??= new Uint8Array(LARGEST_DATAGRAM);
  const shared = buffer;
  const descriptor = openDatagramSocket({ family: familyOf(address), port: 0 });
  let open = true;
  try {
    const peer = socketAddressOf(address, port);
    connect(descriptor, peer, peer.length);
  } catch (error) {
    close(descriptor);
    throw error;
  }
  const readiness = whenReadable(descriptor, () => {
    for (let count = 0; open && count < BATCH; count++) {
      const length = attempt(() => recv(descriptor, shared, shared.length, MSG_DONTWAIT));
      if (length === undefined) return;
      receive(shared.subarray(0, length));
    }
  });
  return {
    send(datagram) {
      if (!open) return;
      const sendIt = () => attempt(() => send(descriptor, datagram, datagram.length, MSG_DONTWAIT));
      // An error tells of an earlier datagram, and once told it is gone.
      if (sendIt() === undefined) sendIt();
    },
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      readiness[Symbol.dispose]();
      close(descriptor);
    },
  };
}

/** `undefined` when there is nothing more, or an ICMP error of an earlier datagram, which UDP may lose anyway. */
function attempt(work: () => number): number | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}
