import net from 'node:net';
import { FairleadError, messageOf } from '@fairlead/base';
import type { ControlFailure, ControlResponse, ResolverMethod, ResolverMethods } from './control-protocol.ts';
import { LineReader } from './line-reader.ts';
import { PortError } from './port-error.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds between two looks for a resolver that was just started. */
const START_POLL = 10;

/**
 * The daemon's end of the control socket. Calls may overlap; they are carried out in the order in which they were made.
 *
 * @example
 * await using resolver = await ResolverClient.connect('/run/fairlead/resolver.sock');
 * const { udpPort, tcpPort } = await resolver.call('openSandbox', { id, namespacePath, forward: true });
 */
export class ResolverClient implements AsyncDisposable {
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  /** Lines that go out together. */
  #outgoing = '';

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const reader = new LineReader();
    socket.on('data', (chunk: Uint8Array) => {
      for (const line of reader.push(chunk)) this.#receive(line);
    });
    socket.on('error', () => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on('close', () => {
      this.#failAll();
      resolve();
    });
  }

  /**
   * Connect to a running resolver.
   *
   * @throws FairleadError `unavailable` when none listens at `path`.
   */
  static async connect(path: string): Promise<ResolverClient> {
    const socket = net.connect({ path });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    try {
      await promise;
    } catch (error) {
      throw new FairleadError('unavailable', `cannot reach the resolver: ${messageOf(error)}`, { cause: error });
    }
    socket.off('error', reject);
    return new ResolverClient(socket);
  }

  /**
   * Connect to the resolver at `path`; when there is none call `start`, which starts the process, and wait for it.
   *
   * @param patience milliseconds to wait.
   * @throws FairleadError `unavailable` when it does not come up.
   */
  static async connectOrStart(path: string, start: () => void, patience = 5000): Promise<ResolverClient> {
    try {
      return await ResolverClient.connect(path);
    } catch {
      start();
    }
    for (const end = performance.now() + patience; ; ) {
      try {
        return await ResolverClient.connect(path);
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, START_POLL));
      }
    }
  }

  /**
   * Call a method.
   *
   * @throws FairleadError with the resolver's code, {@link PortError} for a port; `unavailable` when the connection ends.
   */
  call<Name extends ResolverMethod>(
    method: Name,
    params: ResolverMethods[Name]['params'],
  ): Promise<ResolverMethods[Name]['result']> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#socket.destroyed || !this.#socket.writable) {
      reject(connectionLost());
    } else {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#send(`${JSON.stringify({ id, method, params })}\n`);
    }
    return promise as Promise<ResolverMethods[Name]['result']>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    this.#socket.end();
    await this.closed;
  }

  /** What is called for in one go is written in one go: a start calls for every container. */
  #send(line: string): void {
    if (this.#outgoing === '') queueMicrotask(() => this.#flush());
    this.#outgoing += line;
  }

  #flush(): void {
    const lines = this.#outgoing;
    this.#outgoing = '';
    if (lines !== '') this.#socket.write(lines);
  }

  #receive(line: string): void {
    const response = responseIn(line);
    // Whose answers cannot be told apart can be asked no more.
    if (response === undefined) return void this.#socket.destroy();
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if ('error' in response) waiting?.reject(errorOf(response.error));
    else waiting?.resolve(response.result);
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) reject(connectionLost());
    this.#waiting.clear();
  }
}

function responseIn(line: string): ControlResponse | undefined {
  try {
    return JSON.parse(line) as ControlResponse;
  } catch {
    return undefined;
  }
}

function errorOf({ code, message, port }: ControlFailure): FairleadError {
  return port === undefined ? new FairleadError(code, message) : new PortError(port);
}

function connectionLost(): FairleadError {
  return new FairleadError('unavailable', 'the connection to the resolver is lost');
}
