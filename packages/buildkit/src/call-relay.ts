import { type ClientHttp2Session, constants, type ServerHttp2Stream } from 'node:http2';
import { frameMessage, GrpcStatus, MessageFrameReader } from '@fairlead/runtime';
import { type CallHeaders, callHeaders } from './call-server.ts';
import { refuseCall } from './refusal.ts';

/** What is changed of a call with one message there and one back. */
export interface CallChange {
  readonly request: (message: Uint8Array) => Uint8Array;
  /** A failure is told to the client in place of the answer. */
  readonly response: (message: Uint8Array) => Promise<Uint8Array>;
}

/** Headers that say how one connection is used, not what is asked. */
const ofConnection: ReadonlySet<string> = new Set(['connection', 'host', 'keep-alive', 'proxy-connection', 'upgrade']);

/** Pass a call on, frame by frame, with its answer, its end and its being given up. */
export function relayCall(stream: ServerHttp2Stream, headers: CallHeaders, server: ClientHttp2Session): void {
  const call = openCall(stream, headers, server);
  stream.pipe(call);
  call.on('response', (_joined, flags, raw) => {
    if (stream.closed || stream.destroyed) return;
    const answer = callHeaders(raw);
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) return stream.respond(answer, { endStream: true });
    stream.respond(answer, { waitForTrailers: true });
    call.pipe(stream);
  });
}

/** Pass a call on with its messages changed: they are held until they are whole. */
export function relayChanged(
  stream: ServerHttp2Stream,
  headers: CallHeaders,
  server: ClientHttp2Session,
  change: CallChange,
): void {
  const call = openCall(stream, headers, server);
  const fail = (error: unknown) => {
    refuseCall(stream, GrpcStatus.unknown, error instanceof Error ? error.message : String(error));
    call.close(constants.NGHTTP2_CANCEL);
  };
  const send = async () => {
    const message = await onlyMessage(stream);
    call.end(frameMessage(change.request(message ?? new Uint8Array())));
  };
  void send().catch(fail);
  call.on('response', (_joined, flags, raw) => {
    const answer = callHeaders(raw);
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) return stream.respond(answer, { endStream: true });
    const changed = async () => {
      const message = await onlyMessage(call);
      const bytes = message === undefined ? undefined : frameMessage(await change.response(message));
      if (stream.closed || stream.destroyed) return;
      stream.respond(answer, { waitForTrailers: true });
      stream.end(bytes);
    };
    void changed().catch(fail);
  });
}

/** The same call to the server. Whichever side goes takes the other with it. */
function openCall(stream: ServerHttp2Stream, headers: CallHeaders, server: ClientHttp2Session) {
  const asked = Object.entries(headers).filter(([name]) => !ofConnection.has(name));
  const call = server.request(Object.fromEntries(asked));
  let trailers: CallHeaders = {};
  let isAnswered = false;
  call.once('response', () => {
    isAnswered = true;
  });
  call.on('trailers', (_joined, _flags, raw) => {
    trailers = callHeaders(raw);
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.once('close', () => call.close(constants.NGHTTP2_CANCEL));
  call.once('error', () => {});
  call.once('close', () => {
    if (!isAnswered) refuseCall(stream, GrpcStatus.unavailable, 'buildkitd has ended');
    else if (call.rstCode !== constants.NGHTTP2_NO_ERROR && stream.headersSent) stream.close(call.rstCode);
  });
  return call;
}

/** The one message of a stream, when it has ended. */
async function onlyMessage(stream: AsyncIterable<Buffer>): Promise<Uint8Array | undefined> {
  const reader = new MessageFrameReader();
  for await (const chunk of stream) reader.push(chunk);
  return reader.next();
}
