import { GrpcError } from './status.ts';

/** One byte "compressed", four bytes length, big endian (grpc.io, PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
const headerLength = 5;

/** Put the gRPC message header before `message`. */
export function frameMessage(message: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(message.length), message]);
}

/** The header of a message of `length` bytes. */
export function frameHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(headerLength);
  header[0] = 0;
  header.writeUInt32BE(length, 1);
  return header;
}

/** Cuts a byte stream into gRPC messages, however the bytes arrive. */
export class MessageFrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Take in the next bytes. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next whole message, or undefined until more bytes come.
   *
   * @throws GrpcError when a message is compressed: this client never offers compression.
   */
  next(): Buffer | undefined {
    if (this.#length < headerLength) return undefined;
    this.#gather(headerLength);
    const head = this.#chunks[0] as Buffer;
    if (head[0] !== 0) throw new GrpcError(13, 'compressed gRPC message, which was not asked for');
    const end = headerLength + head.readUInt32BE(1);
    if (this.#length < end) return undefined;
    this.#gather(end);
    return this.#take(end).subarray(headerLength);
  }

  /** Make the first chunk at least `length` long. Large messages are joined once, when they are complete. */
  #gather(length: number): void {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= length) return;
    this.#chunks = [Buffer.concat(this.#chunks, this.#length)];
  }

  #take(length: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    const rest = first.subarray(length);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    this.#length -= length;
    return first.subarray(0, length);
  }
}
