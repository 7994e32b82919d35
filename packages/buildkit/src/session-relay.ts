import { type ClientHttp2Session, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { frameMessage, MessageFrameReader } from '@fairlead/runtime';
import { BytesMessage } from './gen/control.ts';

/** How a client says who a session is and what can be asked of it; several values stand behind each other. */
const offerPrefix = 'x-docker-expose-session-';

/** What a session is called among the headers of a request. */
export function sessionOffer(headers: IncomingHttpHeaders): Readonly<Record<string, string[]>> {
  const offers = Object.entries(headers).filter(([name]) => name.startsWith(offerPrefix));
  return Object.fromEntries(offers.map(([name, value]) => [name, [value ?? ''].flat().join(', ').split(', ')]));
}

/**
 * Give a client's session to buildkitd, which asks it for files and credentials; resolves when either has gone.
 *
 * buildkitd takes a connection in pieces, each a message of a call that lasts as long as the session.
 */
export async function relaySession(
  client: Duplex,
  offer: Readonly<Record<string, string[]>>,
  server: ClientHttp2Session,
): Promise<void> {
  const call = server.request({
    ...offer,
    ':method': 'POST',
    ':path': '/moby.buildkit.v1.Control/Session',
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  });
  const ends = [pipeline(client, pieces, call), pipeline(call, bytes, client)];
  try {
    await Promise.race(ends);
  } finally {
    call.close(constants.NGHTTP2_CANCEL);
    await Promise.allSettled(ends);
  }
}

/**
 * End a session in which nothing will be asked; resolves when the client has gone. A docker command of 20.10 whose build is
 * refused before its session has begun forgets to end that, and ends itself only when somebody else has.
 */
export async function endSession(client: Duplex): Promise<void> {
  client.end();
  for await (const _ of client);
}

async function* pieces(connection: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const data of connection) yield frameMessage(BytesMessage.encode({ data }).finish());
}

async function* bytes(call: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const reader = new MessageFrameReader();
  for await (const chunk of call) {
    reader.push(chunk);
    for (let message = reader.next(); message; message = reader.next()) yield BytesMessage.decode(message).data;
  }
}
