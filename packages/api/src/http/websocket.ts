import { createHash } from 'node:crypto';
import { FairleadError } from '@fairlead/base';
import type { HijackedConnection } from './hijacked-connection.ts';
import type { ApiRequest } from './request.ts';
import { encodeFrame, FrameReader, websocketOpcode } from './websocket-frames.ts';

/** Proves that the server has understood what was asked of it (RFC 6455, section 1.3). */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** `1000`: the purpose is fulfilled (section 7.4.1). */
const normalClosure = Uint8Array.of(3, 232);

/**
 * The headers that answer a handshake.
 *
 * @throws FairleadError `invalid-argument` when the request is none.
 */
export function acceptWebsocket({ headers }: ApiRequest): Readonly<Record<string, string>> {
  const key = headers['sec-websocket-key'];
  if (headers.upgrade?.toLowerCase() !== 'websocket' || typeof key !== 'string') {
    throw new FairleadError('invalid-argument', 'not websocket protocol');
  }
  if (headers['sec-websocket-version'] !== '13') {
    throw new FairleadError('invalid-argument', 'missing or bad WebSocket Version');
  }
  const accept = createHash('sha1').update(`${key}${acceptSuffix}`).digest('base64');
  const [protocol = ''] = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return {
    Upgrade: 'websocket',
    'Sec-WebSocket-Accept': accept,
    ...(protocol !== '' && { 'Sec-WebSocket-Protocol': protocol }),
  };
}

/** A connection whose both directions are WebSocket messages: what they contain goes through, their bounds do not. */
export class WebsocketConnection implements HijackedConnection {
  readonly input: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly #connection: HijackedConnection;
  readonly #left = new AbortController();

  constructor(connection: HijackedConnection) {
    this.#connection = connection;
    // Unlike half-closing a socket, closing here means both directions.
    this.signal = AbortSignal.any([connection.signal, this.#left.signal]);
    this.input = this.#messages();
  }

  async write(data: Uint8Array, header: Uint8Array = new Uint8Array(0)): Promise<void> {
    await this.#connection.write(encodeFrame(websocketOpcode.binary, Buffer.concat([header, data])));
  }

  /** Tell the client that nothing more comes. */
  async close(): Promise<void> {
    await this.#connection.write(encodeFrame(websocketOpcode.close, normalClosure));
  }

  async *#messages(): AsyncGenerator<Uint8Array> {
    const reader = new FrameReader();
    for await (const data of this.#connection.input) {
      for (const { opcode, payload } of reader.push(data)) {
        if (opcode === websocketOpcode.close) return this.#left.abort();
        if (opcode === websocketOpcode.ping) {
          await this.#connection.write(encodeFrame(websocketOpcode.pong, payload));
        } else if (opcode !== websocketOpcode.pong) yield payload;
      }
    }
  }
}
