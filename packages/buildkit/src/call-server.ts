import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';

/** Answers one gRPC call: the path is in `headers[':path']`. */
export type CallHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Bytes that one stream, and the whole connection, may have under way: the default of 64 KiB throttles contexts. */
const streamWindow = 1 << 20;
const sessionWindow = 16 << 20;

/**
 * Serve gRPC calls on a connection that a client has given for HTTP/2. Resolves when it is over.
 *
 * What a client does wrong ends its connection and nothing else.
 */
export async function serveCalls(client: Duplex, handle: CallHandler): Promise<void> {
  const session: ServerHttp2Session = performServerHandshake(client, { settings: { initialWindowSize: streamWindow } });
  const over = Promise.withResolvers<void>();
  session.on('error', () => {});
  session.once('close', () => over.resolve());
  client.once('close', () => session.destroy());
  session.on('stream', (stream, headers) => {
    // A client that resets its stream is no error of ours; without a listener it would end the process.
    stream.on('error', () => {});
    handle(stream, headers);
  });
  session.setLocalWindowSize(sessionWindow);
  await over.promise;
}
