import { isDeepStrictEqual } from 'node:util';
import { FairleadError } from '@fairlead/base';
import type { Connection } from '../connection/connection.ts';

/** A request as it is compared: what is left out and what is empty are the same, as Go's clients have it. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query, in order. */
  readonly path: string;
  readonly body?: unknown;
}

/** What an engine answers. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** An engine that answers by a script and keeps what it was asked to change. */
export class RecordedEngine implements Connection {
  readonly address = 'unix:///nowhere';
  /** Requests that change something, in order. */
  readonly changes: RecordedRequest[] = [];
  readonly #answer: (method: string, path: string) => ScriptedAnswer;

  constructor(answer: (method: string, path: string) => ScriptedAnswer) {
    this.#answer = answer;
  }

  async ask<T>(method: string, path: string, options: Parameters<Connection['ask']>[2] = {}): Promise<T> {
    const query = Object.entries(options.query ?? {}).filter(([, value]) => value !== undefined);
    const url = `${path}${query.length === 0 ? '' : `?${new URLSearchParams(query.map(([key, value]) => [key, String(value)]))}`}`;
    const request = recorded(method, url, options.body);
    if (method !== 'GET') this.changes.push(request);
    const { status, body } = this.#answer(method, request.path);
    if (status < 300) return await Promise.resolve(body as T);
    const { message } = body as { readonly message: string };
    throw new FairleadError(status === 404 ? 'not-found' : 'internal', `Error response from daemon: ${message}`);
  }

  text = (): never => unscripted();
  open = (): never => unscripted();
  lines = (): never => unscripted();
  hijack = (): never => unscripted();
}

function unscripted(): never {
  throw new FairleadError('not-implemented', 'nothing of this kind is scripted');
}

/** A request in the form in which it is compared. @param url with its query, as it was sent. */
export function recorded(method: string, url: string, body: unknown): RecordedRequest {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const query = [...searchParams].map(
    ([key, value]) => `${key}=${key === 'filters' ? filtersOf(value) : truthOf(value)}`,
  );
  const path = `${decodeURIComponent(pathname)}${query.length === 0 ? '' : `?${query.sort().join('&')}`}`;
  const said = withoutEmpty(body);
  return { method, path, ...(said !== undefined && { body: said }) };
}

/** An update with what is different from `base` in the place of its whole body. */
export function againstBase(request: RecordedRequest, base: unknown): RecordedRequest {
  const isUpdate = base !== undefined && /^\/services\/[^/]+\/update/.test(request.path);
  return isUpdate ? { ...request, body: differenceFrom(withoutEmpty(base), request.body) } : request;
}

/** What is different in `value` from `base`; `null` for what it lacks. */
function differenceFrom(base: unknown, value: unknown): unknown {
  if (!isPlain(base) || !isPlain(value)) return value;
  const names = new Set([...Object.keys(base), ...Object.keys(value)]);
  const different = [...names].filter((name) => !isDeepStrictEqual(base[name], value[name])).sort();
  return Object.fromEntries(
    different.map((name) => [name, value[name] === undefined ? null : differenceFrom(base[name], value[name])]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Flags are 1 or true. */
function truthOf(value: string): string {
  return value === '1' ? 'true' : value;
}

/** Filters are lists, or objects whose keys are what counts. */
function filtersOf(text: string): string {
  const entries = Object.entries(JSON.parse(text) as Record<string, string[] | Record<string, boolean>>);
  return JSON.stringify(
    Object.fromEntries(
      entries.sort().map(([key, values]) => [key, (Array.isArray(values) ? values : Object.keys(values)).toSorted()]),
    ),
  );
}

/** Fields of which zero or false says something else than nothing. */
const pointers =
  /^(Replicas|TotalCompletions|MaxConcurrent|Init|MaxAttempts|Window|StopGracePeriod|TaskHistoryRetentionLimit|KeepOldSnapshots)$/;

/** Zero values and empty things are as if they had not been said, as Go leaves them out; keys are in order. */
function withoutEmpty(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((inner) => withoutEmpty(inner));
  if (typeof value !== 'object' || value === null) {
    return value || (pointers.test(name) ? (value ?? undefined) : undefined);
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner, key)] as const);
  const said = entries.filter(([, inner]) => inner !== undefined).sort(([left], [right]) => (left < right ? -1 : 1));
  return said.length === 0 ? undefined : Object.fromEntries(said);
}
