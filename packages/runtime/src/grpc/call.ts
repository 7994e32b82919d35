import { once } from 'node:events';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { frameHeader, frameMessage, MessageFrameReader } from './message-frame.ts';
import { ConnectionError, decodeGrpcMessage, GrpcError, GrpcStatus } from './status.ts';

/** HTTP/2 error code CANCEL (RFC 9113, section 7). */
const http2Cancel = 8;

/** One gRPC call on one HTTP/2 stream: messages as bytes in both directions, and how it ended. */
export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  #trailers: IncomingHttpHeaders | undefined;
  #failure: unknown;

  constructor(stream: ClientHttp2Stream, signal: AbortSignal | undefined) {
    this.#stream = stream;
    // A call that fails at once answers with headers only; the status is in them.
    stream.on('response', (headers) => {
      if (headers['grpc-status'] !== undefined) this.#trailers = headers;
    });
    stream.on('trailers', (headers) => {
      this.#trailers = headers;
    });
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
    if (signal) this.#follow(signal);
  }

  /**
   * Send one message; resolves when there is room for the next.
   *
   * @param rest pieces of the message that come after its beginning. They go out from where they lie.
   */
  async send(message: Uint8Array, rest: readonly Uint8Array[] = []): Promise<void> {
    if (this.#stream.closed || this.#stream.destroyed) throw this.#outcome() ?? this.#lost();
    const pieces =
      rest.length === 0 ? [frameMessage(message)] : [frameHeader(lengthOf(message, rest)), message, ...rest];
    // Held back until all are there: they are handed to the kernel in one call.
    this.#stream.cork();
    const room = pieces.map((piece) => this.#stream.write(piece)).at(-1);
    this.#stream.uncork();
    if (room !== true) await this.#drained();
  }

  /** Nothing more will be sent. */
  end(): void {
    this.#stream.end();
  }

  /** Give the call up; the server is told. */
  cancel(reason: unknown = new GrpcError(GrpcStatus.cancelled, 'call cancelled')): void {
    this.#failure ??= reason;
    this.#stream.close(http2Cancel);
    // Closing alone waits for somebody to read what has arrived.
    this.#stream.destroy();
  }

  /**
   * What the server sends, message by message, with flow control: bytes are taken as fast as the reader asks.
   *
   * @throws GrpcError when the call ends with any other status than OK.
   */
  async *messages(): AsyncGenerator<Buffer, void, undefined> {
    const reader = new MessageFrameReader();
    try {
      for await (const chunk of this.#stream) {
        reader.push(chunk as Buffer);
        for (let message = reader.next(); message; message = reader.next()) yield message;
      }
    } catch (error) {
      throw this.#outcome() ?? this.#lost(error);
    } finally {
      // Leaving the loop early must not leave the server sending.
      if (!this.#stream.closed) this.cancel();
    }
    const failure = this.#outcome();
    if (failure) throw failure;
  }

  /** Send one message and wait for exactly one: the short way, without an iterator. */
  exchange(message: Uint8Array): Promise<Buffer> {
    const reader = new MessageFrameReader();
    this.#stream.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#stream.end(frameMessage(message));
    return new Promise((resolve, reject) => {
      this.#stream.once('close', () => {
        const answer = this.#trailers && reader.next();
        const failure = this.#outcome();
        if (failure || !answer) reject(failure ?? this.#lost());
        else resolve(answer);
      });
    });
  }

  /** Why the call failed; undefined when it ended well. */
  #outcome(): Error | undefined {
    const status = this.#trailers?.['grpc-status'];
    if (status === undefined) return this.#lost();
    if (Number(status) === GrpcStatus.ok) return undefined;
    return new GrpcError(Number(status), decodeGrpcMessage(String(this.#trailers?.['grpc-message'] ?? '')));
  }

  /** The connection or the call went away before the server answered. */
  #lost(error: unknown = undefined): Error {
    const cause = this.#failure ?? error;
    return cause instanceof GrpcError ? cause : new ConnectionError(cause);
  }

  async #drained(): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([
        once(this.#stream, 'drain', { signal: over.signal }),
        once(this.#stream, 'close', { signal: over.signal }),
      ]);
    } finally {
      over.abort();
    }
  }

  #follow(signal: AbortSignal): void {
    const abort = (): void => {
      const late = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
      this.cancel(
        late
          ? new GrpcError(GrpcStatus.deadlineExceeded, 'no answer in time', { cause: signal.reason })
          : new GrpcError(GrpcStatus.cancelled, 'call cancelled', { cause: signal.reason }),
      );
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#stream.once('close', () => signal.removeEventListener('abort', abort));
  }
}

function lengthOf(message: Uint8Array, rest: readonly Uint8Array[]): number {
  return rest.reduce((length, piece) => length + piece.length, message.length);
}
