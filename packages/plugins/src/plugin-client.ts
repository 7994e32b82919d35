import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, type Logger, messageOf } from '@fairlead/base';
import { Answer } from './answer.ts';
import { waitBefore } from './back-off.ts';
import { addressText, type PluginAddress, type PluginTls } from './plugin-address.ts';
import { PluginSilence } from './plugin-error.ts';

/** What every request says that it understands. */
const VERSIONED_TYPE = 'application/vnd.docker.plugins.v1.2+json';

/** Bytes of an answer, more than any network needs. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

/** How patient a client is. */
export interface Patience {
  /** Seconds for which a connection is tried again; 0 tries once. */
  readonly connecting: number;
  /** Seconds that an answer may take. dockerd waits for ever, and with it everybody who asks about the container. */
  readonly answering: number;
}

/** How one call is made, where it differs from the client's others. */
export interface CallManner extends Partial<Patience> {
  /** Gives the call up; the plugin sees its connection close. */
  readonly signal?: AbortSignal | undefined;
}

/** What calls a plugin; {@link PluginClient} is one. */
export interface PluginCaller {
  /** @throws FairleadError `internal` in Docker's words. */
  call(method: string, body?: unknown): Promise<unknown>;
}

/** Calls one plugin: a POST for each method, JSON both ways. */
export class PluginClient implements PluginCaller {
  readonly #address: PluginAddress;
  readonly #patience: Patience;
  readonly #logger: Logger;

  constructor(address: PluginAddress, patience: Patience, logger: Logger) {
    this.#address = address;
    this.#patience = patience;
    this.#logger = logger;
  }

  /**
   * Call a method. Who does not open the door is tried again; a request that was sent is never sent twice.
   *
   * @param manner where it is not the client's own.
   * @returns the answer's JSON.
   * @throws PluginSilence when it cannot be reached, does not answer or is given up, in Docker's words.
   * @throws FairleadError `internal` for what is no answer; `not-implemented` when there is no such method.
   */
  async call(method: string, body?: unknown, manner: CallManner = {}): Promise<unknown> {
    const { connecting, answering, signal } = { ...this.#patience, ...manner };
    const start = performance.now();
    for (let attempts = 0; ; attempts++) {
      try {
        return await this.#callOnce(method, body, answering, signal);
      } catch (error) {
        if (!(error instanceof Unconnected) || signal?.aborted === true) throw error;
        const wait = waitBefore(attempts, (performance.now() - start) / 1000, connecting);
        if (wait === undefined) throw error;
        this.#logger.warn('plugin does not answer the door', { method, error: error.message, retrying: `in ${wait}s` });
        await sleep(wait * 1000, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #callOnce(method: string, body: unknown, answering: number, signal: AbortSignal | undefined): Promise<unknown> {
    const sent = body === undefined ? '' : JSON.stringify(body);
    const { status, text } = await this.#exchange(method, sent, answering, signal);
    if (status === 200) return parseAnswer(text);
    throw new FairleadError(status === 404 ? 'not-implemented' : 'internal', `${method}: ${reasonIn(text)}`);
  }

  async #exchange(
    method: string,
    sent: string,
    answering: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = await this.#open(method, sent);
    const fail = (reason: string) => `Post ${JSON.stringify(`${addressText(this.#address)}/${method}`)}: ${reason}`;
    let connected = false;
    outgoing.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    outgoing.once('response', resolve);
    outgoing.on('error', (error) => {
      const message = fail(goText(error, this.#address));
      reject(connected ? new PluginSilence(message) : new Unconnected(message));
    });
    const cut = (reason: string) => {
      connected = true;
      outgoing.destroy(new Error(reason));
    };
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    const timer = setTimeout(cut, answering * 1000, late);
    const giveUp = () => cut('context canceled');
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    try {
      outgoing.end(sent);
      const response = await promise;
      return { status: response.statusCode ?? 0, text: await textOf(response, method) };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      outgoing.destroy();
    }
  }

  async #open(method: string, sent: string): Promise<ClientRequest> {
    const address = this.#address;
    const headers = {
      accept: VERSIONED_TYPE,
      'content-length': Buffer.byteLength(sent),
      ...(sent !== '' && { 'content-type': VERSIONED_TYPE }),
    };
    const common = { method: 'POST', path: `/${method}`, headers, agent: false };
    if (address.kind === 'unix') return request({ ...common, socketPath: address.path });
    const { host, port, tls } = address;
    if (tls === undefined) return request({ ...common, host, port });
    const { request: secureRequest } = await import('node:https');
    return secureRequest({ ...common, host, port, ...certificates(tls) });
  }
}

/** Nobody has heard the request. */
class Unconnected extends PluginSilence {}

function certificates({ insecure, authority, certificate, key }: PluginTls) {
  return {
    rejectUnauthorized: !insecure,
    ...(authority && { ca: readFileSync(authority) }),
    ...(certificate && { cert: readFileSync(certificate) }),
    ...(key && { key: readFileSync(key) }),
  };
}

async function textOf(response: IncomingMessage, method: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  const unread = (reason: string) => `${method}: error reading plugin resp: ${reason}`;
  try {
    for await (const piece of response) {
      length += piece.length;
      if (length > LONGEST_ANSWER) throw new FairleadError('internal', unread(`longer than ${LONGEST_ANSWER} bytes`));
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    // The line was cut, or it was given up: what it wanted to say is not known.
    throw new PluginSilence(unread(messageOf(error)));
  }
  return Buffer.concat(pieces).toString();
}

/** As Go's decoder complains. */
function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const first = text.trim().slice(0, 1);
    const reason =
      first === ''
        ? 'EOF'
        : /[[{"\d]/.test(first)
          ? 'unexpected EOF'
          : `invalid character '${first}' looking for beginning of value`;
    throw new FairleadError('internal', reason);
  }
}

/** Plugins say in `Err` what is wrong; otherwise the body is what they say. */
function reasonIn(text: string): string {
  try {
    return new Answer(JSON.parse(text)).text('Err') || text;
  } catch {
    // Not JSON, so it is the reason itself.
    return text;
  }
}

/** What Go's dialer says about the same failure. */
function goText(error: NodeJS.ErrnoException, address: PluginAddress): string {
  const place = address.kind === 'unix' ? `unix ${address.path}` : `tcp ${address.host}:${address.port}`;
  const words: Readonly<Record<string, string>> = {
    ENOENT: `dial ${place}: connect: no such file or directory`,
    ECONNREFUSED: `dial ${place}: connect: connection refused`,
    EACCES: `dial ${place}: connect: permission denied`,
    ECONNRESET: 'EOF',
  };
  return words[error.code ?? ''] ?? error.message;
}
