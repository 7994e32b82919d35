import { ByteReader, ByteWriter } from '@fairlead/base';

/**
 * The two packets that open an SCTP association and the one that refuses it (RFC 9260): all that it takes to see where
 * SCTP goes, on kernels that do not speak it.
 */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** What the receiver called itself with its `tag`; 0 in an `init`. */
  readonly verificationTag: number;
  readonly chunk: 'init' | 'init ack' | 'abort';
  /** How the sender wants to be called; an `abort` has none. */
  readonly tag?: number;
  /** The state cookie of an `init ack`: any text. */
  readonly cookie?: string;
}

/** Chunk types (section 3.2). */
const chunkTypes = { init: 1, 'init ack': 2, abort: 6 } as const;
/** Parameter type (section 3.3.3). */
const STATE_COOKIE = 7;
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 4;
/** From the chunk's header to its parameters. */
const INIT_BYTES = 20;
const CHECKSUM_OFFSET = 8;

/** The packet's bytes, checksum included. */
export function encodeSctp(packet: SctpPacket): Uint8Array {
  const cookie = new TextEncoder().encode(packet.cookie ?? '');
  const parameter = packet.cookie === undefined ? 0 : 4 + cookie.length;
  const writer = new ByteWriter();
  writer.u16be(packet.sourcePort).u16be(packet.destinationPort).u32be(packet.verificationTag).u32(0);
  writer.u8(chunkTypes[packet.chunk]).u8(0);
  if (packet.chunk === 'abort') writer.u16be(CHUNK_HEADER_BYTES);
  else {
    // A window of 64 KiB, one stream in each direction, and the tag as the first sequence number, as is usual.
    const tag = packet.tag ?? 0;
    writer
      .u16be(INIT_BYTES + parameter)
      .u32be(tag)
      .u32be(0x10000)
      .u16be(1)
      .u16be(1)
      .u32be(tag);
    if (parameter > 0) writer.u16be(STATE_COOKIE).u16be(parameter).bytes(cookie).align(4);
  }
  writer.patchU32(CHECKSUM_OFFSET, crc32c(writer.finish()));
  return writer.finish();
}

/** The inverse of {@link encodeSctp}; `undefined` for other packets, and for those whose checksum is wrong. */
export function decodeSctp(bytes: Uint8Array): SctpPacket | undefined {
  if (bytes.length < HEADER_BYTES + CHUNK_HEADER_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const ports = { sourcePort: reader.u16be(), destinationPort: reader.u16be() };
  const verificationTag = reader.u32be();
  if (reader.u32() !== crc32c(withoutChecksum(bytes))) return undefined;
  const type = reader.u8();
  if (type === chunkTypes.abort) return { ...ports, verificationTag, chunk: 'abort' };
  if ((type !== chunkTypes.init && type !== chunkTypes['init ack']) || reader.remaining < INIT_BYTES - 1)
    return undefined;
  const chunk = type === chunkTypes.init ? 'init' : 'init ack';
  return { ...ports, verificationTag, chunk, tag: reader.skip(3).u32be(), ...cookieIn(reader.skip(12)) };
}

function cookieIn(reader: ByteReader): { cookie?: string } {
  if (reader.remaining < 4 || reader.u16be() !== STATE_COOKIE) return {};
  const length = reader.u16be() - 4;
  return length < 0 || length > reader.remaining ? {} : { cookie: new TextDecoder().decode(reader.bytes(length)) };
}

function withoutChecksum(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.fill(0, CHECKSUM_OFFSET, HEADER_BYTES);
  return copy;
}

/** CRC32c with its bits reflected; it stands in the packet with its lowest byte first (appendix A). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
