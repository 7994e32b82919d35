import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { RemoteAddress, SyslogSettings } from './remote-settings.ts';
import { dialError, type Transport } from './transport.ts';

/** Milliseconds until a connection that does not come about is given up. */
const connectPatience = 10_000;

/** How often and how soon to connect again when a connection is lost. */
export interface Persistence {
  readonly attempts: number;
  /** Milliseconds. */
  readonly wait: number;
  /** What each wait is longer by than the last one. */
  readonly factor: number;
}

/** Where a stream leads to. */
export type StreamAddress = Exclude<RemoteAddress, { readonly protocol: 'udp' | 'unixgram' }>;

/** A connection to a receiver, made anew when it is lost. */
export class StreamTransport implements Transport {
  readonly #address: StreamAddress;
  readonly #persistence: Persistence;
  readonly #tls: SyslogSettings['tls'] | undefined;
  readonly #onData: (data: Buffer) => void;
  readonly #end = new AbortController();
  #socket: Socket | undefined;

  /** @param onData told what the receiver answers. */
  constructor(
    address: StreamAddress,
    persistence: Persistence,
    tls?: SyslogSettings['tls'],
    onData: (data: Buffer) => void = () => {},
  ) {
    this.#address = address;
    this.#persistence = persistence;
    this.#tls = tls;
    this.#onData = onData;
  }

  async connect(): Promise<void> {
    const socket = this.#open();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), connectPatience);
    socket.once(this.#address.protocol === 'tls' ? 'secureConnect' : 'connect', () => resolve());
    socket.once('error', reject);
    try {
      await promise;
    } catch (error) {
      const { protocol } = this.#address;
      throw dialError(error, protocol === 'unix' ? 'unix' : 'tcp', addressText(this.#address));
    } finally {
      clearTimeout(timer);
    }
    socket.on('error', () => {});
    socket.on('data', this.#onData);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    this.#socket = socket;
  }

  send(bytes: Uint8Array): undefined | Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return this.#sendAnew(bytes);
    return socket.write(bytes) ? undefined : drained(socket);
  }

  /** What was written is sent first, within the patience of who waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const socket = this.#socket;
    if (socket === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    // Some receivers never close their end.
    socket.end(() => socket.destroySoon());
    const timer = setTimeout(() => socket.destroy(), connectPatience);
    await promise;
    clearTimeout(timer);
  }

  async #sendAnew(bytes: Uint8Array): Promise<void> {
    const { attempts, wait, factor } = this.#persistence;
    for (let attempt = 0, pause = wait; this.#socket === undefined; attempt++, pause *= factor) {
      try {
        this.#end.signal.throwIfAborted();
        await this.connect();
      } catch (error) {
        if (attempt >= attempts || this.#end.signal.aborted) throw error;
        await sleep(Math.min(pause, 60_000), undefined, { signal: this.#end.signal, ref: false });
      }
    }
    await this.send(bytes);
  }

  #open(): Socket {
    const address = this.#address;
    if (address.protocol === 'unix') return connectPlain({ path: address.path });
    const { host, port } = address;
    if (address.protocol === 'tcp') return connectPlain({ host, port });
    const { authority, certificate, key, skipVerify } = this.#tls ?? noTls;
    return connectTls({
      host,
      port,
      rejectUnauthorized: !skipVerify,
      ...(isIP(host) === 0 && { servername: host }),
      ...(authority && { ca: certificateFile('CA certificate', authority) }),
      ...(certificate && { cert: certificateFile('X509 key pair', certificate) }),
      ...(key && { key: certificateFile('X509 key pair', key) }),
    });
  }
}

const noTls: SyslogSettings['tls'] = { authority: '', certificate: '', key: '', skipVerify: false };

function certificateFile(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`could not read ${what} ${JSON.stringify(path)}: open ${path}: no such file or directory`, {
      cause: error,
    });
  }
}

function addressText(address: StreamAddress): string {
  if (address.protocol === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Room again, or nobody there any more. */
async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    socket.off('drain', done);
    socket.off('close', done);
    resolve();
  };
  socket.once('drain', done);
  socket.once('close', done);
  await promise;
}
