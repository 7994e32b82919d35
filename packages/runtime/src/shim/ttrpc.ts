import { BinaryReader, BinaryWriter } from '../wire.ts';

/**
 * ttrpc, the protocol between containerd and its shims: frames with a header of ten bytes around the messages of a call
 * (github.com/containerd/ttrpc, PROTOCOL.md).
 */

/** Length of the data (4 bytes), stream (4), type (1), flags (1); big endian. */
const headerLength = 10;
const requestType = 1;
/** Of the first call of a connection: clients have odd ones. */
const firstStream = 1;

/** Protobuf's tag of a field whose value has a length: text, bytes, a message. */
const tagOf = (field: number) => (field << 3) | 2;
const field = { service: 1, method: 2, payload: 3 } as const;
const answerField = { status: 1, payload: 2 } as const;

/** The first and only call of a connection. @param payload its message, encoded. */
export function ttrpcRequest(service: string, method: string, payload: Uint8Array): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(tagOf(field.service)).string(service).uint32(tagOf(field.method)).string(method);
  const message = writer.uint32(tagOf(field.payload)).bytes(payload).finish();
  const frame = Buffer.alloc(headerLength + message.length);
  frame.writeUInt32BE(message.length, 0);
  frame.writeUInt32BE(firstStream, 4);
  frame[8] = requestType;
  frame.set(message, headerLength);
  return frame;
}

/**
 * The answer to the only call of a connection.
 *
 * @param received everything that has come over it.
 * @returns its message, encoded; `failed` when the call was refused; `undefined` while some of it is yet to come.
 */
export function ttrpcAnswer(received: Buffer): Uint8Array | 'failed' | undefined {
  if (received.length < headerLength) return undefined;
  const end = headerLength + received.readUInt32BE(0);
  if (received.length < end) return undefined;
  const reader = new BinaryReader(received.subarray(headerLength, end));
  let payload: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === tagOf(answerField.payload)) payload = reader.bytes();
    // A status without a code is that of success (google/rpc/status.proto).
    else if (tag === tagOf(answerField.status) && reader.bytes().length > 0) return 'failed';
    else if (tag !== tagOf(answerField.status)) reader.skip(tag & 7);
  }
  return payload;
}
