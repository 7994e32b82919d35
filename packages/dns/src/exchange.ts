import dgram from 'node:dgram';
import net from 'node:net';
import { FairleadError } from '@fairlead/base';
import { FrameReader, frame } from './stream-frame.ts';
import type { Upstream } from './upstream.ts';

/** Opens the sockets over which upstream servers are asked, in whatever namespace they are to be asked from. */
export interface UpstreamSockets {
  /** A UDP socket that is not connected. */
  datagram(upstream: Upstream): dgram.Socket;
  /** A TCP socket that is connecting. */
  stream(upstream: Upstream): net.Socket;
}

/** Sockets in the namespace of this process. */
export const ownSockets: UpstreamSockets = {
  datagram: ({ address }) => dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4'),
  stream: ({ address, port }) => net.connect({ host: address, port }),
};

/** True for the datagram that answers a query; anything else that arrives is somebody's guess. */
export type Matches = (response: Uint8Array) => boolean;

/**
 * Send a query over UDP and wait for the response. The socket is connected, so the kernel drops what other sources
 * send, and used once, so its port is as random as the identifier.
 *
 * @throws Error `ECONNREFUSED` and the like at once; the signal's reason when it aborts.
 */
export function exchangeDatagram(
  sockets: UpstreamSockets,
  upstream: Upstream,
  query: Uint8Array,
  matches: Matches,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = sockets.datagram(upstream);
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  socket.on('error', reject);
  socket.on('message', (response) => {
    if (matches(response)) resolve(response);
  });
  socket.on('connect', () => socket.send(query));
  socket.connect(upstream.port, upstream.address);
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.close();
  });
}

/**
 * Send a query over TCP and wait for the response.
 *
 * @throws as {@link exchangeDatagram}, and FairleadError `unavailable` when the server closes the connection.
 */
export function exchangeStream(
  sockets: UpstreamSockets,
  upstream: Upstream,
  query: Uint8Array,
  matches: Matches,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = sockets.stream(upstream);
  const reader = new FrameReader();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  socket.on('error', reject);
  socket.on('close', () => reject(new FairleadError('unavailable', 'name server closed the connection')));
  socket.on('data', (chunk: Uint8Array) => {
    for (const response of reader.push(chunk)) if (matches(response)) resolve(response);
  });
  socket.write(frame(query));
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  });
}
