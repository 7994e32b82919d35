import { FairleadError } from '@fairlead/base';

/** What a frame is (RFC 6455, section 5.2). */
export const websocketOpcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as it came. */
export interface WebsocketFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** Longest payload that is taken at once; a longer one comes in several frames. */
const maximumPayload = 16 * 1024 * 1024;
const finalBit = 0x80;
const maskBit = 0x80;

/** A whole message as a server sends it: one frame without a mask. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(10);
  head[0] = finalBit | opcode;
  return Buffer.concat([head.subarray(0, writeLength(head, payload.length)), payload]);
}

/** @returns bytes of the head that are used. */
function writeLength(head: Buffer, length: number): number {
  if (length < 126) {
    head[1] = length;
    return 2;
  }
  if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
    return 4;
  }
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return 10;
}

/**
 * Cuts what a client sends into frames, however it arrives, and takes their masks off.
 */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /**
   * Take in bytes. @returns the frames that they complete.
   *
   * @throws FairleadError `invalid-argument` for what no client may send.
   */
  push(data: Uint8Array): WebsocketFrame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(data) : Buffer.concat([this.#pending, data]);
    const frames: WebsocketFrame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): WebsocketFrame | undefined {
    const bytes = this.#pending;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    if ((first & 0x70) !== 0) fail('reserved bits are set');
    if ((second & maskBit) === 0) fail('a frame of a client without a mask');
    const short = second & 0x7f;
    const lengthEnd = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < lengthEnd + 4) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > maximumPayload) fail('a frame is too long');
    const start = lengthEnd + 4;
    if (bytes.length < start + length) return undefined;
    const mask = bytes.subarray(lengthEnd, start);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    for (let index = 0; index < length; index++) payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
    this.#pending = bytes.subarray(start + length);
    return { opcode: first & 0x0f, payload };
  }
}

function fail(reason: string): never {
  throw new FairleadError('invalid-argument', `WebSocket: ${reason}`);
}
