import { ByteReader, ByteWriter } from '@fairlead/base';
import { AttributeWriter } from './attribute.ts';

/** One netlink message (RFC 3549 2.3.2, include/uapi/linux/netlink.h). */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Of the socket that a request came from, also in the notification of what it changed; 0 is the kernel's own. */
  readonly port?: number;
  /** What follows the 16-byte header. */
  readonly body: Uint8Array;
}

/** Message types that all netlink families share. */
export const messageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Header flags. The upper byte means other things for requests that get, for those that make, and for acknowledgements. */
export const messageFlag = {
  request: 0x1,
  multipart: 0x2,
  acknowledge: 0x4,
  echo: 0x8,
  /** The dumped state changed while it was dumped: ask again. */
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** Of an error message: the request is not quoted in full. */
  capped: 0x100,
  /** Of an error message: extended acknowledgement attributes follow. */
  extended: 0x200,
} as const;

/** Bytes of nlmsghdr. */
export const headerLength = 16;

/**
 * One request, ready to be sent but for the sequence number, which {@link setSequence} fills in.
 *
 * @param flags without `request`, which every message gets.
 * @example
 * encodeMessage(18, messageFlag.dump, (writer) => writer.header.zeros(16)); // RTM_GETLINK
 */
export function encodeMessage(type: number, flags: number, body: (writer: AttributeWriter) => void): Uint8Array {
  const bytes = new ByteWriter();
  bytes
    .u32(0)
    .u16(type)
    .u16(flags | messageFlag.request)
    .u32(0)
    .u32(0);
  body(new AttributeWriter(bytes));
  return bytes.patchU32(0, bytes.length).align(4).finish();
}

/** Number a request made by {@link encodeMessage}, in place. */
export function setSequence(message: Uint8Array, sequence: number): void {
  viewOf(message).setUint32(8, sequence, true);
}

/** Flags of the first message in `bytes`. */
export function flagsOf(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(6, true);
}

/** Type of the first message in `bytes`. */
export function typeOf(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(4, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * All messages of one datagram; their bodies are views of `bytes`.
 *
 * @throws RangeError when a length says more or less than there is.
 */
export function decodeMessages(bytes: Uint8Array): Message[] {
  const reader = new ByteReader(bytes);
  const messages: Message[] = [];
  while (reader.remaining >= headerLength) {
    const length = reader.u32();
    const type = reader.u16();
    const flags = reader.u16();
    const sequence = reader.u32();
    const port = reader.u32();
    if (length < headerLength) throw new RangeError(`a netlink message cannot be ${length} bytes long`);
    messages.push({ type, flags, sequence, port, body: reader.bytes(length - headerLength) });
    reader.skip(Math.min(reader.remaining, -length & 3));
  }
  if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes after the last netlink message`);
  return messages;
}

/** Several messages one after the other: one datagram. */
export function joinMessages(messages: readonly Uint8Array[]): Uint8Array {
  const [first] = messages;
  if (first !== undefined && messages.length === 1) return first;
  const joined = new Uint8Array(messages.reduce((sum, message) => sum + message.length, 0));
  let offset = 0;
  for (const message of messages) {
    joined.set(message, offset);
    offset += message.length;
  }
  return joined;
}
