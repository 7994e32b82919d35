import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenUnixDatagram, UnixDatagram } from '../../context.ts';
import { dialError, type Transport } from './transport.ts';

/** Datagrams to a host. Nobody has to be there: what is not taken is lost, and nobody is told. */
export class UdpTransport implements Transport {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    this.#host = host;
    this.#port = port;
  }

  /** The name is looked up once: a datagram must not wait for that. */
  async connect(): Promise<void> {
    const { lookup } = await import('node:dns/promises');
    const address = await lookup(this.#host).catch((error) => {
      throw dialError(error, 'udp', `lookup ${this.#host}`);
    });
    const socket = createSocket(isIPv6(address.address) ? 'udp6' : 'udp4');
    // What an ICMP message tells of an earlier datagram.
    socket.on('error', () => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Node's documentation promises a call in any case, with an error when there is one.
    socket.connect(this.#port, address.address, (...problems: unknown[]) =>
      problems[0] instanceof Error ? reject(problems[0]) : resolve(),
    );
    await promise.catch((error) => {
      socket.close();
      throw dialError(error, 'udp', `${this.#host}:${this.#port}`);
    });
    socket.unref();
    this.#socket = socket;
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#socket === undefined) await this.connect();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket?.send(bytes, (error) => {
      if (error === null || ('code' in error && error.code === 'ECONNREFUSED')) resolve();
      else reject(error);
    });
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
  }
}

/** Milliseconds until a full socket is tried again, and how often. */
const pause = 5;
const attempts = 400;

/** Datagrams into a socket of this machine, such as /dev/log: the first that is there. */
export class UnixDatagramTransport implements Transport {
  readonly #paths: readonly string[];
  readonly #open: OpenUnixDatagram;
  #socket: UnixDatagram | undefined;

  constructor(paths: readonly string[], open: OpenUnixDatagram) {
    this.#paths = paths;
    this.#open = open;
  }

  async connect(): Promise<void> {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    let reason: unknown;
    for (const path of this.#paths) {
      try {
        this.#socket = this.#open(path);
        return;
      } catch (error) {
        reason = dialError(error, 'unixgram', path);
      }
    }
    throw reason;
  }

  /** The receiver may be slow, or just be started anew. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (this.#socket === undefined) await this.connect();
        if (this.#socket?.send(bytes) ?? false) return;
      } catch (error) {
        this.#socket?.[Symbol.dispose]();
        this.#socket = undefined;
        if (attempt > 2) throw error;
      }
      if (attempt === attempts) throw new Error(`${this.#paths.join(', ')}: nobody reads`);
      await sleep(pause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.[Symbol.dispose]();
  }
}
