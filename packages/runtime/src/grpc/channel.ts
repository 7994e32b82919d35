import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Duplex } from 'node:stream';
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { GrpcCall } from './call.ts';

/** Request headers of gRPC ("metadata"). */
export type Metadata = Readonly<Record<string, string>>;

/** What can be said about one call. */
export type CallOptions = {
  /** Ends the call when it fires; a `TimeoutError` reason becomes `unavailable`, any other `cancelled`. */
  readonly signal?: AbortSignal;
  /** Added to the channel's own metadata. */
  readonly metadata?: Metadata;
};

/** A call with messages in both directions. */
export type DuplexCall<Input extends DescMessage, Output extends DescMessage> = {
  send(message: MessageInitShape<Input>): Promise<void>;
  end(): void;
  cancel(): void;
  readonly responses: AsyncGenerator<MessageShape<Output>, void, undefined>;
};

/** Bytes that one stream, and the whole connection, may have under way: the default of 64 KiB throttles blobs. */
const streamWindow = 1 << 20;
const sessionWindow = 16 << 20;

/**
 * A gRPC client on one HTTP/2 connection that is opened at the first call and again after it was lost.
 *
 * A call that was under way when the connection broke fails with `unavailable`; it is never repeated here, because
 * only the caller knows whether that is safe.
 */
export class GrpcChannel implements Disposable {
  readonly #connect: () => Duplex;
  readonly #metadata: Metadata;
  #session: ClientHttp2Session | undefined;

  /** `connect` opens the byte stream to the server; `metadata` goes with every call. */
  constructor(connect: () => Duplex, metadata: Metadata = {}) {
    this.#connect = connect;
    this.#metadata = metadata;
  }

  /** One message there, one back. */
  async unary<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    input: MessageInitShape<Input>,
    options: CallOptions = {},
  ): Promise<MessageShape<Output>> {
    const answer = await this.#open(method, options).exchange(encode(method.input, input));
    return fromBinary(method.output, answer);
  }

  /** One message there, any number back. Ending the loop early cancels the call. */
  async *serverStream<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    input: MessageInitShape<Input>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<Output>, void, undefined> {
    const call = this.#open(method, options);
    await call.send(encode(method.input, input));
    call.end();
    for await (const message of call.messages()) yield fromBinary(method.output, message);
  }

  /** Messages both ways, independently. */
  duplex<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodBiDiStreaming<Input, Output>,
    options: CallOptions = {},
  ): DuplexCall<Input, Output> {
    const call = this.#open(method, options);
    return {
      send: (message) => call.send(encode(method.input, message)),
      end: () => call.end(),
      cancel: () => call.cancel(),
      responses: decodeAll(method.output, call),
    };
  }

  /** Close the connection; calls under way fail with `unavailable`. */
  [Symbol.dispose](): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #open(method: DescMethod, options: CallOptions): GrpcCall {
    const stream = this.#openSession().request({
      ...this.#metadata,
      ...options.metadata,
      ':method': 'POST',
      ':path': `/${method.parent.typeName}/${method.name}`,
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
    session.once('connect', () => session.setLocalWindowSize(sessionWindow));
    this.#session = session;
    return session;
  }
}

function encode<Type extends DescMessage>(type: Type, init: MessageInitShape<Type>): Uint8Array {
  return toBinary(type, create(type, init));
}

async function* decodeAll<Type extends DescMessage>(
  type: Type,
  call: GrpcCall,
): AsyncGenerator<MessageShape<Type>, void, undefined> {
  for await (const message of call.messages()) yield fromBinary(type, message);
}
