import type { HijackedConnection } from './hijacked-connection.ts';

/** What a body may be made of: bytes as they are, texts in UTF-8. */
export type BodyChunk = string | Uint8Array;

/** An answer as a value: routes make it, the server sends it. */
export type ApiResponse = PlainResponse | StreamResponse | TakeoverResponse;

/** An answer that is known whole. */
export interface PlainResponse {
  readonly kind: 'plain';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyChunk;
}

/** An answer that comes in pieces; status and headers are sent before the first one exists. */
export interface StreamResponse {
  readonly kind: 'stream';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<BodyChunk>;
}

/** The connection becomes a raw stream in both directions. */
export interface TakeoverResponse {
  readonly kind: 'takeover';
  readonly contentType: string;
  /** Headers of the answer to an upgrade, besides the usual ones or instead of them. */
  readonly upgradeHeaders?: Readonly<Record<string, string>>;
  /** Runs once the client has been told; the connection ends when it returns. */
  readonly serve: (connection: HijackedConnection) => Promise<void>;
}

/** A JSON value. */
export function json(value: unknown, status = 200): PlainResponse {
  return jsonText(JSON.stringify(value), status);
}

/** JSON that is text already. */
function jsonText(body: string, status = 200): PlainResponse {
  return { kind: 'plain', status, headers: { 'Content-Type': 'application/json' }, body: `${body}\n` };
}

/** Nothing but a status. */
export function empty(status: number): PlainResponse {
  return { kind: 'plain', status };
}

/** Sends a client to another path. @param path decoded. @param search the query with its question mark, or empty. */
export function movedTo(path: string, search: string): PlainResponse {
  const location = encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent);
  return { kind: 'plain', status: 301, headers: { Location: `${location}${search}` } };
}

/** Plain text. */
export function plainText(body: string, status = 200): PlainResponse {
  return { kind: 'plain', status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}

/** A body in pieces. */
export function stream(body: AsyncIterable<BodyChunk>, contentType: string): StreamResponse {
  return { kind: 'stream', status: 200, headers: { 'Content-Type': contentType }, body };
}

/** JSON values, one a line. */
export function jsonLines(values: AsyncIterable<unknown>): StreamResponse {
  return stream(lines(values), 'application/json');
}

async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\r\n`;
}
