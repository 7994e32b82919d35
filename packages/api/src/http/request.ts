import type { IncomingHttpHeaders } from 'node:http';
import { FairleadError } from '@fairlead/base';
import type { ApiVersion } from './api-version.ts';

/** A request as routes see it. */
export interface ApiRequest {
  readonly method: string;
  /** Version to answer in. */
  readonly version: ApiVersion;
  /** Values of the braces in the route's pattern. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  /** Raised when the client has gone away. */
  readonly signal: AbortSignal;
}

/** Largest JSON body that is read: far beyond any real request, far below what would hurt. */
const maximumBody = 8 * 1024 * 1024;

/** A parameter of the path; patterns and handlers are written together, so it is there. */
export function parameter(request: ApiRequest, name: string): string {
  return request.parameters[name] ?? '';
}

/** A flag of the query as Go's servers read it: anything but the empty text, `0`, `no`, `false` and `none` is true. */
export function flag(request: ApiRequest, name: string, whenAbsent = false): boolean {
  const text = request.query.get(name);
  if (text === null) return whenAbsent;
  return !['', '0', 'no', 'false', 'none'].includes(text.trim().toLowerCase());
}

/** A text of the query; absent when empty. */
export function text(request: ApiRequest, name: string): string | undefined {
  return request.query.get(name) || undefined;
}

/**
 * A whole number of the query; absent when empty.
 *
 * @throws FairleadError `invalid-argument` for anything else.
 */
export function integer(request: ApiRequest, name: string): number | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  if (!/^[+-]?\d{1,15}$/.test(value)) {
    throw new FairleadError('invalid-argument', `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/**
 * The whole body as text.
 *
 * @throws FairleadError `invalid-argument` when it is longer than {@link maximumBody}.
 */
export async function readText(request: ApiRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > maximumBody) throw new FairleadError('invalid-argument', 'http: request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}
