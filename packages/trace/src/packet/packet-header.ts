import { ByteReader, type Family, type IpAddress, ipFromBytes } from '@fairlead/base';

/** Protocols that a trace can use. */
export type ProbeProtocol = 'tcp' | 'udp' | 'icmp';

/** Flags of TCP, lowest bit first. */
const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** Name of a TCP flag. */
export type TcpFlag = (typeof flagNames)[number];

/** The headers of an IP packet. */
export interface PacketHeader {
  readonly family: Family;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number. */
  readonly protocol: number;
  /** Time to live, hop limit. */
  readonly lifetime: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly flags?: readonly TcpFlag[];
  /** Of ICMP. */
  readonly type?: number;
  readonly code?: number;
  /** What an ICMP error is about, and for "too big" the size that would fit. */
  readonly quoted?: PacketHeader;
  readonly fittingMtu?: number;
  /** The numbers at the tag's places: sequence, and acknowledgement or the beginning of the data. */
  readonly marks: readonly [number, number];
}

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;
/** Destination unreachable, time exceeded, parameter problem; of ICMPv6 also packet too big. */
const errors4: ReadonlySet<number> = new Set([3, 11, 12]);
const errors6: ReadonlySet<number> = new Set([1, 2, 3, 4]);

/** Read the headers at the beginning of a packet; `undefined` for what is not IP or cut short. Options are skipped. */
export function readPacketHeader(bytes: Uint8Array): PacketHeader | undefined {
  try {
    const version = (bytes[0] ?? 0) >> 4;
    if (version === 4) return readVersion4(bytes);
    return version === 6 ? readVersion6(bytes) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readVersion4(bytes: Uint8Array): PacketHeader {
  const reader = new ByteReader(bytes);
  const headerLength = (reader.u8() & 15) * 4;
  reader.skip(7);
  const lifetime = reader.u8();
  const protocol = reader.u8();
  reader.skip(2);
  const source = ipFromBytes(reader.bytes(4));
  const destination = ipFromBytes(reader.bytes(4));
  return { family: 4, source, destination, lifetime, protocol, ...transport(protocol, bytes.subarray(headerLength)) };
}

function readVersion6(bytes: Uint8Array): PacketHeader {
  const reader = new ByteReader(bytes).skip(6);
  const protocol = reader.u8();
  const lifetime = reader.u8();
  const source = ipFromBytes(reader.bytes(16));
  const destination = ipFromBytes(reader.bytes(16));
  return { family: 6, source, destination, lifetime, protocol, ...transport(protocol, bytes.subarray(40)) };
}

type Transport = Omit<PacketHeader, 'family' | 'source' | 'destination' | 'lifetime' | 'protocol'>;

function transport(protocol: number, bytes: Uint8Array): Transport {
  const reader = new ByteReader(bytes);
  const marks = [wordAt(bytes, 4), wordAt(bytes, 8)] as const;
  if (protocol === TCP || protocol === UDP) {
    const ports = { sourcePort: reader.u16be(), destinationPort: reader.u16be() };
    return protocol === TCP ? { ...ports, marks, flags: flagsIn(bytes[13] ?? 0) } : { ...ports, marks };
  }
  if (protocol !== ICMP && protocol !== ICMP6) return { marks };
  const type = reader.u8();
  const code = reader.u8();
  const isError = (protocol === ICMP ? errors4 : errors6).has(type);
  const quoted = isError ? readPacketHeader(bytes.subarray(8)) : undefined;
  const tooBig = protocol === ICMP ? type === 3 && code === 4 : type === 2;
  const fittingMtu = protocol === ICMP ? wordAt(bytes, 4) & 0xffff : wordAt(bytes, 4);
  return { type, code, marks, ...(quoted && { quoted }), ...(tooBig && { fittingMtu }) };
}

/** Bytes of an IP packet, as its own header has it. */
export function packetLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (bytes[0] ?? 0) >> 4 === 4 ? view.getUint16(2) : view.getUint16(4) + 40;
}

function wordAt(bytes: Uint8Array, offset: number): number {
  if (bytes.length < offset + 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

function flagsIn(bits: number): TcpFlag[] {
  return flagNames.filter((_, index) => (bits & (1 << index)) !== 0);
}

/** What a packet with the tag is to the probe: itself, an answer to it, or an error about it. */
export type PacketRole = 'request' | 'answer' | 'error';

/** Which of them a packet is; `undefined` when it only looks like one. */
export function roleOf(packet: PacketHeader, tag: number): PacketRole | undefined {
  const next = (tag + 1) >>> 0;
  if (packet.quoted !== undefined) return isTagged(packet.quoted, tag) ? 'error' : undefined;
  const [first, second] = packet.marks;
  if (packet.protocol === TCP) {
    if (first === tag) return 'request';
    return second === next ? 'answer' : undefined;
  }
  if (second !== next) return undefined;
  const isEchoReply =
    (packet.protocol === ICMP && packet.type === 0) || (packet.protocol === ICMP6 && packet.type === 129);
  return isEchoReply ? 'answer' : 'request';
}

function isTagged({ protocol, marks: [first, second] }: PacketHeader, tag: number): boolean {
  return protocol === TCP ? first === tag : second === (tag + 1) >>> 0;
}
