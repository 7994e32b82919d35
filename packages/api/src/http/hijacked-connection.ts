import type { Duplex, Readable, Writable } from 'node:stream';

/** Both directions of a connection that HTTP has let go of. */
export interface HijackedConnection {
  /** Ends when the client half-closes or goes away. */
  readonly input: AsyncIterable<Uint8Array>;
  /**
   * Resolves once nobody needs the data any more, which is when the client has room for more; does nothing when it has gone
   * away.
   *
   * @param header goes before the data, and with it in one call of the system.
   */
  write(data: Uint8Array, header?: Uint8Array): Promise<void>;
  /** Raised when the client has gone away, not by its half-close. */
  readonly signal: AbortSignal;
  /** The connection itself, for who speaks another protocol on it; only where the client has asked for an upgrade. */
  readonly socket?: Duplex;
}

/** A connection over a pair of streams, which may be the same socket. */
export class StreamConnection implements HijackedConnection {
  readonly input: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly socket?: Duplex;
  readonly #writable: Writable;

  constructor(readable: Readable, writable: Writable, signal: AbortSignal, socket?: Duplex) {
    this.input = chunksOf(readable);
    if (socket !== undefined) this.socket = socket;
    this.signal = signal;
    this.#writable = writable;
  }

  async write(data: Uint8Array, header?: Uint8Array): Promise<void> {
    if (this.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    this.signal.addEventListener('abort', done, { once: true });
    if (header !== undefined) {
      this.#writable.cork();
      this.#writable.write(header);
    }
    this.#writable.write(data, done);
    if (header !== undefined) this.#writable.uncork();
    await promise;
    this.signal.removeEventListener('abort', done);
  }
}

/** Resolves when a stream has room again, or when nobody is there any more. */
export function drained(writable: Writable, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    writable.off('drain', done);
    signal.removeEventListener('abort', done);
    resolve();
  };
  if (signal.aborted) return Promise.resolve();
  writable.once('drain', done);
  signal.addEventListener('abort', done, { once: true });
  return promise;
}

/** A client that goes away ends its input: that is no error of ours. */
async function* chunksOf(readable: Readable): AsyncGenerator<Uint8Array> {
  try {
    // Left open at the end: the other direction of the same socket goes on.
    for await (const chunk of readable.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch {
    return;
  }
}
