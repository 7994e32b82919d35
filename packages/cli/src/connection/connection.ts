import type { RequestOptions as HttpOptions, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, FairleadError } from '@fairlead/base';

/** What is sent with a request. */
export interface RequestOptions {
  /** Query of the address; `undefined` is left out, a list is the same key several times. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The command's end of the Docker Engine API, in the newest version that the engine has. */
export interface Connection {
  /** Where the engine is: `unix:///run/fairlead/docker.sock`. */
  readonly address: string;
  /**
   * Ask, and give the parsed answer, which the engine is trusted to write as its API says; `undefined` when there is none.
   *
   * @throws FairleadError with the engine's message; `unavailable` when it cannot be reached.
   */
  ask<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** Ask, and give the body as it comes. Errors as {@link ask}. */
  open(method: string, path: string, options?: RequestOptions): Promise<IncomingMessage>;
  /** Ask for a connection in both directions, as `attach` and `exec` are. Errors as {@link ask}. */
  hijack(path: string, options?: RequestOptions): Promise<Duplex>;
}

/**
 * Not by `import`: that reads every export of the module, and one of them loads the whole of undici, which costs the
 * command a third of the time that it has to start.
 */
const { request } = process.getBuiltinModule('node:http');

const codes: Readonly<Record<number, ErrorCode>> = {
  304: 'not-modified',
  400: 'invalid-argument',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'not-implemented',
  503: 'unavailable',
};

/**
 * Speak to the engine at `address`: `unix://PATH` or `tcp://HOST:PORT`.
 *
 * @throws FairleadError `invalid-argument` for any other address.
 */
export function connect(address: string): Connection {
  const target = targetOf(address);
  const send = (method: string, path: string, options: RequestOptions, upgrade: boolean): Promise<Answer> =>
    exchange({ ...target, method, path: `${path}${queryText(options)}`, agent: false }, options, upgrade, address);
  return {
    address,
    async ask<T>(method: string, path: string, options: RequestOptions = {}) {
      const { message } = await send(method, path, options, false);
      return (await answerOf(message)) as T;
    },
    async open(method, path, options = {}) {
      return (await send(method, path, options, false)).message;
    },
    async hijack(path, options = {}) {
      return (await send('POST', path, options, true)).socket;
    },
  };
}

async function answerOf(message: IncomingMessage): Promise<unknown> {
  if (message.headers['content-type']?.startsWith('application/json') === true)
    return JSON.parse(await wholeText(message));
  message.resume();
  return undefined;
}

/** Everything that an answer says. */
export async function wholeText(message: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

interface Answer {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
}

function targetOf(address: string): { socketPath: string } | { host: string; port: string } {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) };
  const match = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(address);
  if (match === null) throw new FairleadError('invalid-argument', `unable to parse docker host \`${address}\``);
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: match[2] ?? '' };
}

function queryText({ query = {} }: RequestOptions): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((text) => [key, String(text)]),
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

async function exchange(
  target: HttpOptions,
  options: RequestOptions,
  upgrade: boolean,
  address: string,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const upgradeHeaders = upgrade ? { connection: 'Upgrade', upgrade: 'tcp' } : {};
  const bodyHeaders =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const outgoing = request({
    ...target,
    headers: { host: 'fairlead', ...bodyHeaders, ...upgradeHeaders, ...options.headers },
  });
  outgoing.on('response', (message) => resolve({ message, socket: message.socket }));
  outgoing.on('upgrade', (message, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve({ message, socket });
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, address)));
  if (options.stream === undefined) outgoing.end(body);
  else void sendStream(outgoing, options.stream);
  const answer = await promise;
  const { statusCode = 0 } = answer.message;
  if (statusCode >= 300 && statusCode !== 304) throw await refusal(answer.message);
  return answer;
}

async function sendStream(outgoing: NodeJS.WritableStream, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const { pipeline } = await import('node:stream/promises');
  // An engine that refuses closes the connection; its answer says why, so the failed write is not the news.
  await pipeline(stream, outgoing).catch(() => undefined);
}

function unreachable(error: NodeJS.ErrnoException, address: string): FairleadError {
  if (error.code !== undefined && ['ENOENT', 'ECONNREFUSED'].includes(error.code)) {
    return new FairleadError(
      'unavailable',
      `Cannot connect to the Docker daemon at ${address}. Is the docker daemon running?`,
    );
  }
  if (error.code === 'EACCES') {
    return new FairleadError(
      'forbidden',
      `permission denied while trying to connect to the Docker daemon socket at ${address}`,
    );
  }
  return new FairleadError('unavailable', `error during connect: ${error.message}`, { cause: error });
}

/** The engine's own words; `Error response from daemon: ` is what docker's users know to look for. */
async function refusal(message: IncomingMessage): Promise<FairleadError> {
  const body = await wholeText(message);
  const words = messageIn(body) ?? (body.trim() || `status ${message.statusCode}`);
  return new FairleadError(codes[message.statusCode ?? 0] ?? 'internal', `Error response from daemon: ${words}`);
}

function messageIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'message' in value ? String(value.message) : undefined;
  } catch {
    return undefined;
  }
}
