import type dgram from 'node:dgram';
import { MAX_DATAGRAM_OCTETS } from './name-server.ts';

/**
 * Takes the request in the first `length` octets of `slot` and leaves a response there, as
 * {@link NameServer.answerDatagram} does.
 */
export type DatagramHandler = (slot: Uint8Array, length: number, later: () => (response: Uint8Array) => void) => number;

/**
 * Serve a bound UDP socket of `node:dgram`, one packet at a time. The resolver process does the same over batches of
 * system calls, which is twice as fast.
 */
export function serveDatagrams(socket: dgram.Socket, handler: DatagramHandler): Disposable {
  const slot = new Uint8Array(MAX_DATAGRAM_OCTETS);
  let closed = false;
  socket.on('message', (request, { port, address }) => {
    if (request.length > slot.length) return;
    slot.set(request);
    const send = (response: Uint8Array) => {
      if (!closed) socket.send(response, port, address);
    };
    const length = handler(slot, request.length, () => send);
    if (length > 0) send(slot.slice(0, length));
  });
  // An unreachable asker is reported on the next call; there is nothing to do about it.
  socket.on('error', () => {});
  return {
    [Symbol.dispose]() {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}
