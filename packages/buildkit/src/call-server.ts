import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';

/** Headers of a call, or of its answer. Those that came more than once are several values. */
export type CallHeaders = Readonly<Record<string, string | string[]>>;

/** Answers one gRPC call: the path is in `headers[':path']`. */
export type CallHandler = (stream: ServerHttp2Stream, headers: CallHeaders) => void;

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
  session.on('stream', (stream, _joined, _flags, raw) => {
    // A client that resets its stream is no error of ours; without a listener it would end the process.
    stream.on('error', () => {});
    handle(stream, callHeaders(raw));
  });
  session.setLocalWindowSize(sessionWindow);
  await over.promise;
}

/** @param raw names and values in turns. Node's own headers join what came more than once to one text. */
export function callHeaders(raw: readonly string[]): CallHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = raw.slice(index, index + 2);
    const former = headers[name];
    headers[name] = former === undefined ? value : [former, value].flat();
  }
  return headers;
}
