import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { drained, StreamConnection } from './hijacked-connection.ts';
import { passOverRest } from './request-rest.ts';
import type { ApiResponse, BodyChunk, PlainResponse, StreamResponse, TakeoverResponse } from './response.ts';

const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** How long a client has to close its side of a connection that is over. */
const lingerMilliseconds = 10_000;

/** Headers that every answer carries. */
export type CommonHeaders = Readonly<Record<string, string>>;

/** Raised when the client of a request has gone away. */
export function clientGone(response: ServerResponse): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return abort.signal;
}

/** Send an answer to an ordinary request. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ApiResponse,
  common: CommonHeaders,
  signal: AbortSignal,
): Promise<void> {
  if (answer.kind === 'plain') {
    await passOverRest(request);
    return sendPlain(response, answer, common);
  }
  if (answer.kind === 'stream') {
    if (!(await sendStream(response, answer, common, signal))) return;
    await passOverRest(request);
    response.end();
    return;
  }
  // Clients from before `Upgrade: tcp` get the same bytes as the rest of the connection, without chunks.
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { ...common, 'Content-Type': answer.contentType });
  response.flushHeaders();
  await answer.serve(new StreamConnection(request, response, signal));
  response.end();
}

function sendPlain(response: ServerResponse, answer: PlainResponse, common: CommonHeaders): void {
  const body = answer.body ?? '';
  const bare = answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, {
    ...common,
    ...answer.headers,
    ...(bare ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  });
  response.end(bare ? undefined : body);
}

/** @returns false when the client has gone away. */
async function sendStream(
  response: ServerResponse,
  answer: StreamResponse,
  common: CommonHeaders,
  signal: AbortSignal,
): Promise<boolean> {
  response.writeHead(answer.status, { ...common, ...answer.headers });
  // Clients wait for the headers before they go on: `docker run` starts the container only then.
  response.flushHeaders();
  for await (const chunk of answer.body) {
    if (signal.aborted) return false;
    if (!response.write(chunk)) await drained(response, signal);
  }
  return true;
}

/** Answer a request that asked for the connection: take it over, or refuse as an ordinary answer. */
export async function sendUpgraded(
  socket: Duplex,
  head: Buffer,
  answer: ApiResponse,
  common: CommonHeaders,
): Promise<void> {
  if (answer.kind === 'takeover') return await takeOver(socket, head, answer, common);
  const body = answer.kind === 'plain' ? Buffer.from(answer.body ?? '') : await collect(answer.body);
  const headers = { ...common, ...answer.headers, 'Content-Length': String(body.length), Connection: 'close' };
  socket.write(headText(`${answer.status} ${STATUS_CODES[answer.status] ?? ''}`, headers));
  socket.end(body);
}

async function takeOver(socket: Duplex, head: Buffer, answer: TakeoverResponse, common: CommonHeaders): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  if (head.length > 0) socket.unshift(head);
  const upgraded = {
    ...common,
    'Content-Type': answer.contentType,
    Connection: 'Upgrade',
    Upgrade: 'tcp',
    ...answer.upgradeHeaders,
  };
  socket.write(headText('101 UPGRADED', upgraded));
  await answer.serve(new StreamConnection(socket, socket, gone.signal, socket));
  // Closed in good time even if the client never closes its side; at once would throw away what it has not read yet.
  socket.end(() => setTimeout(() => socket.destroy(), lingerMilliseconds).unref());
}

function headText(status: string, headers: CommonHeaders): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

async function collect(body: AsyncIterable<BodyChunk>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
