import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GrpcCall } from './call.ts';
import type { DeepPartial, DuplexMethod, MessageType, ServerStreamMethod, UnaryMethod } from './method.ts';
import { ConnectionError } from './status.ts';

/** Request headers of gRPC ("metadata"). */
export type Metadata = Readonly<Record<string, string>>;

/** What can be said about one call. */
export type CallOptions = {
  /** Ends the call when it fires; a `TimeoutError` reason becomes `unavailable`, any other `cancelled`. */
  readonly signal?: AbortSignal;
  /** Added to the channel's own metadata. */
  readonly metadata?: Metadata;
  /** It comes to the same when it is done twice; unless told otherwise, the channel goes by the method. */
  readonly repeatable?: boolean;
};

/** What may be done for a call whose connection was lost. */
export type ChannelOptions = {
  /** Whether calls of a method, by its path, come to the same when they are done twice. Default: none does. */
  readonly isRepeatable?: (path: string) => boolean;
  /** Milliseconds for which a server that was there once is waited for. Default 10,000. */
  readonly patience?: number;
};

/** A call with messages in both directions. */
export type DuplexCall<Input, Output> = {
  /** `rest` is encoded already: fields that come after those of `message`, in pieces that are not copied. */
  send(message: DeepPartial<Input>, rest?: readonly Uint8Array[]): Promise<void>;
  end(): void;
  cancel(): void;
  readonly responses: AsyncGenerator<Output, void, undefined>;
};

/** Bytes that one stream, and the whole connection, may have under way: the default of 64 KiB throttles blobs. */
const streamWindow = 1 << 20;
const sessionWindow = 16 << 20;

/** Milliseconds between two attempts to reach a server that was lost. */
const firstPause = 10;
const longestPause = 160;

/**
 * A gRPC client on one HTTP/2 connection that is opened at the first call and again after it was lost.
 *
 * A server that is lost is waited for: a call with one answer that was never sent, or that can be repeated, is made when
 * it is back. Any other call that was under way fails with `unavailable`, for nobody knows whether it has taken effect.
 */
export class GrpcChannel implements Disposable {
  readonly #connect: () => Duplex;
  readonly #metadata: Metadata;
  readonly #isRepeatable: (path: string) => boolean;
  readonly #patience: number;
  #session: ClientHttp2Session | undefined;
  /** Until then there is nobody to wait for. */
  #wasThere = false;
  #closed = false;

  /** `connect` opens the byte stream to the server; `metadata` goes with every call. */
  constructor(connect: () => Duplex, metadata: Metadata = {}, options: ChannelOptions = {}) {
    this.#connect = connect;
    this.#metadata = metadata;
    this.#isRepeatable = options.isRepeatable ?? (() => false);
    this.#patience = options.patience ?? 10_000;
  }

  /** One message there, one back. */
  async unary<Input, Output>(
    method: UnaryMethod<Input, Output>,
    input: DeepPartial<NoInfer<Input>>,
    options: CallOptions = {},
  ): Promise<Output> {
    const message = encode(method.requestType, input);
    const repeatable = options.repeatable ?? this.#isRepeatable(method.path);
    let deadline: number | undefined;
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        return method.responseType.decode(await this.#open(method.path, options).exchange(message));
      } catch (error) {
        const canWait = error instanceof ConnectionError && (repeatable || !error.wasSent) && !options.signal?.aborted;
        deadline ??= performance.now() + this.#patience;
        if (!canWait || !this.#wasThere || this.#closed || performance.now() > deadline) throw error;
      }
      await sleep(pause);
    }
  }

  /** One message there, any number back. Ending the loop early cancels the call. */
  async *serverStream<Input, Output>(
    method: ServerStreamMethod<Input, Output>,
    input: DeepPartial<NoInfer<Input>>,
    options: CallOptions = {},
  ): AsyncGenerator<Output, void, undefined> {
    const call = this.#open(method.path, options);
    await call.send(encode(method.requestType, input));
    call.end();
    for await (const message of call.messages()) yield method.responseType.decode(message);
  }

  /** Messages both ways, independently. */
  duplex<Input, Output>(method: DuplexMethod<Input, Output>, options: CallOptions = {}): DuplexCall<Input, Output> {
    const call = this.#open(method.path, options);
    return {
      send: (message, rest) => call.send(encode(method.requestType, message), rest),
      end: () => call.end(),
      cancel: () => call.cancel(),
      responses: decodeAll(method.responseType, call),
    };
  }

  /** Close the connection; calls under way fail with `unavailable`. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  #open(path: string, options: CallOptions): GrpcCall {
    const stream = this.#openSession().request({
      ...this.#metadata,
      ...options.metadata,
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    return new GrpcCall(stream, options.signal);
  }

  #openSession(): ClientHttp2Session {
    const current = this.#session;
    if (current && !current.closed && !current.destroyed) return current;
    const session = connectHttp2('http://localhost', {
      createConnection: this.#connect,
      settings: { initialWindowSize: streamWindow, enablePush: false },
      // grpc-go announces no limit, and Node then holds the 101st call back for ever.
      peerMaxConcurrentStreams: 2 ** 31 - 1,
      maxSessionMemory: 64,
    });
    // Every call reports the loss by itself; without a listener the error would end the process.
    session.on('error', () => {});
    session.on('goaway', () => session.close());
    session.once('connect', () => {
      this.#wasThere = true;
      session.setLocalWindowSize(sessionWindow);
    });
    this.#session = session;
    return session;
  }
}

function encode<Input>(type: MessageType<Input>, message: DeepPartial<Input>): Uint8Array {
  return type.encode(type.fromPartial(message)).finish();
}

async function* decodeAll<Output>(type: MessageType<Output>, call: GrpcCall): AsyncGenerator<Output, void, undefined> {
  for await (const message of call.messages()) yield type.decode(message);
}
