import type { RequestOptions as HttpOptions, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorCodeOf, FairleadError } from '@fairlead/base';

// Importing the module by name would read all its exports, and one of them loads the whole of undici.
const { request: openRequest } = process.getBuiltinModule('node:http');

/** What goes with a request. */
export interface RequestOptions {
  /** Absent values are left out, lists are sent as the same key several times. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
}

/**
 * Speaks to an engine at `unix://PATH` or `tcp://HOST:PORT`.
 *
 * Every method fails with a {@link FairleadError}: the engine's own message and code, or `unavailable` when it cannot be
 * reached.
 *
 * @example
 * const client = new ApiClient('unix:///run/fairlead.sock');
 * const containers = await client.json<WireContainerSummary[]>('GET', '/containers/json');
 */
export class ApiClient {
  readonly address: string;
  readonly #target: HttpOptions;
  readonly #prefix: string;

  /**
   * @param version API version to speak; absent means the engine's newest.
   * @throws FairleadError `invalid-argument` for an address of another form.
   */
  constructor(address: string, version?: string) {
    this.address = address;
    this.#target = parseAddress(address);
    this.#prefix = version === undefined ? '' : `/v${version}`;
  }

  /** The parsed answer, which the engine is trusted to write as its API says; `undefined` when there is none. */
  async json<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const text = await this.text(method, path, options);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer as text. */
  async text(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    return await readAll((await this.#exchange(method, path, options, false)).message);
  }

  /** The body as it comes. */
  async open(method: string, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    return (await this.#exchange(method, path, options, false)).message;
  }

  /** The values of an answer that has one JSON document on each line, as pulls and events have. */
  async *lines<T = unknown>(method: string, path: string, options: RequestOptions = {}): AsyncGenerator<T> {
    const message = await this.open(method, path, options);
    message.setEncoding('utf8');
    let pending = '';
    for await (const piece of message) {
      const lines = `${pending}${piece}`.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (pending.trim() !== '') yield JSON.parse(pending) as T;
  }

  /** A connection in both directions, as attach and exec are; its half-close ends standard input. */
  async hijack(path: string, options: RequestOptions = {}): Promise<Duplex> {
    return (await this.#exchange('POST', path, options, true)).socket;
  }

  async #exchange(method: string, path: string, options: RequestOptions, upgrade: boolean): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const outgoing = openRequest({
      ...this.#target,
      method,
      path: `${this.#prefix}${path}${queryText(options)}`,
      agent: false,
      headers: {
        host: 'fairlead',
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(upgrade && { connection: 'Upgrade', upgrade: 'tcp' }),
        ...options.headers,
      },
      ...(options.signal && { signal: options.signal }),
    });
    outgoing.on('response', (message) => resolve({ message, socket: message.socket }));
    outgoing.on('upgrade', (message, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ message, socket });
    });
    outgoing.on('error', (error) => reject(unreachable(error, this.address)));
    if (options.stream === undefined) outgoing.end(body);
    else void sendStream(outgoing, options.stream);
    const answer = await promise;
    if ((answer.message.statusCode ?? 0) >= 300) throw await refusal(answer.message);
    return answer;
  }
}

async function sendStream(outgoing: NodeJS.WritableStream, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const { pipeline } = process.getBuiltinModule('node:stream/promises');
  // An engine that refuses closes the connection; its answer says why, so the failed write is not the news.
  await pipeline(stream, outgoing).catch(() => undefined);
}

function parseAddress(address: string): HttpOptions {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) };
  const match = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(address);
  if (match === null) throw new FairleadError('invalid-argument', `unable to parse docker host \`${address}\``);
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: match[2] ?? '' };
}

function queryText({ query = {} }: RequestOptions): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((text) => [key, String(text)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

function unreachable(error: NodeJS.ErrnoException, address: string): FairleadError {
  if (error.code === 'EACCES') {
    const message = `permission denied while trying to connect to the Docker daemon socket at ${address}`;
    return new FairleadError('forbidden', message, { cause: error });
  }
  const isAbsent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
  const message = isAbsent
    ? `Cannot connect to the Docker daemon at ${address}. Is the docker daemon running?`
    : `error during connect: ${error.message}`;
  return new FairleadError(error.name === 'AbortError' ? 'cancelled' : 'unavailable', message, { cause: error });
}

async function refusal(message: IncomingMessage): Promise<FairleadError> {
  const body = await readAll(message);
  return new FairleadError(errorCodeOf(message.statusCode ?? 500), messageIn(body) ?? body.trim());
}

function messageIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'message' in value ? String(value.message) : undefined;
  } catch {
    return undefined;
  }
}

async function readAll(message: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
