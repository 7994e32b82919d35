import {
  ByteReader,
  ByteWriter,
  familyOf,
  type IpAddress,
  internetChecksum,
  ipFromBytes,
  ipToBytes,
  type MacAddress,
  macFromBytes,
  macToBytes,
} from '@fairlead/base';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const UDP = 17;
const ICMPV6 = 58;
/** More fragments, or not the first one. */
const FRAGMENT = 0x3fff;

/** Who speaks to whom on a link. */
export interface Envelope {
  readonly sourceMac: MacAddress;
  readonly destinationMac: MacAddress;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** A UDP datagram. */
export interface Datagram extends Envelope {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** A message of ICMPv6 that has not left its link: type, code, checksum and what is behind them. */
export interface LinkMessage extends Envelope {
  readonly message: Uint8Array;
}

/** The Ethernet frame of a datagram, either family (RFC 768, RFC 791, RFC 8200). */
export function datagramFrame(datagram: Datagram): Uint8Array {
  const { sourcePort, destinationPort, payload } = datagram;
  const write = (checksum: number) =>
    new ByteWriter(8 + payload.length)
      .u16be(sourcePort)
      .u16be(destinationPort)
      .u16be(8 + payload.length)
      .u16be(checksum)
      .bytes(payload)
      .finish();
  // 0 means that there is none.
  return packetFrame(datagram, UDP, 64, write(checksumOf(datagram, UDP, write(0)) || 0xffff));
}

/** The Ethernet frame of a message of ICMPv6 whose checksum is still 0; its hop limit shows that it came no further (RFC 4861). */
export function linkMessageFrame({ message, ...envelope }: LinkMessage): Uint8Array {
  const checksum = checksumOf(envelope, ICMPV6, message);
  const complete = Uint8Array.from(message);
  complete.set([checksum >> 8, checksum & 0xff], 2);
  return packetFrame(envelope, ICMPV6, 255, complete);
}

/**
 * The datagram in a frame; `undefined` for everything else, fragments included. The checksum is not looked at: what the
 * kernel itself sends over virtual links has none yet.
 */
export function readDatagram(frame: Uint8Array): Datagram | undefined {
  const packet = readPacket(frame);
  if (packet?.protocol !== UDP || packet.payload.length < 8) return undefined;
  const { envelope, payload } = packet;
  const reader = new ByteReader(payload);
  const ports = { sourcePort: reader.u16be(), destinationPort: reader.u16be() };
  const length = reader.u16be();
  if (length < 8 || length > payload.length) return undefined;
  return { ...envelope, ...ports, payload: payload.subarray(8, length) };
}

/** The message of ICMPv6 in a frame that has not left its link (hop limit 255); `undefined` for everything else. */
export function readLinkMessage(frame: Uint8Array): LinkMessage | undefined {
  const packet = readPacket(frame);
  if (packet?.protocol !== ICMPV6 || packet.lifetime !== 255 || packet.payload.length < 4) return undefined;
  return { ...packet.envelope, message: packet.payload };
}

interface Packet {
  readonly envelope: Envelope;
  readonly protocol: number;
  /** Time to live, hop limit. */
  readonly lifetime: number;
  readonly payload: Uint8Array;
}

function readPacket(frame: Uint8Array): Packet | undefined {
  if (frame.length < 14) return undefined;
  const reader = new ByteReader(frame);
  const [destinationMac, sourceMac] = [macFromBytes(reader.bytes(6)), macFromBytes(reader.bytes(6))];
  const type = reader.u16be();
  const packet = reader.bytes();
  if (type === IPV4) return readVersion4(packet, { destinationMac, sourceMac });
  return type === IPV6 ? readVersion6(packet, { destinationMac, sourceMac }) : undefined;
}

type Stations = Pick<Envelope, 'sourceMac' | 'destinationMac'>;

function readVersion4(packet: Uint8Array, stations: Stations): Packet | undefined {
  const headerLength = ((packet[0] ?? 0) & 15) * 4;
  if (packet.length < 20 || (packet[0] ?? 0) >> 4 !== 4 || headerLength < 20) return undefined;
  const reader = new ByteReader(packet).skip(2);
  const total = reader.u16be();
  const fragment = reader.skip(2).u16be() & FRAGMENT;
  const [lifetime, protocol] = [reader.u8(), reader.u8()];
  reader.skip(2);
  const [source, destination] = [ipFromBytes(reader.bytes(4)), ipFromBytes(reader.bytes(4))];
  if (fragment !== 0 || total < headerLength || total > packet.length) return undefined;
  const payload = packet.subarray(headerLength, total);
  return { envelope: { ...stations, source, destination }, protocol, lifetime, payload };
}

function readVersion6(packet: Uint8Array, stations: Stations): Packet | undefined {
  if (packet.length < 40 || (packet[0] ?? 0) >> 4 !== 6) return undefined;
  const reader = new ByteReader(packet).skip(4);
  const length = reader.u16be();
  const [protocol, lifetime] = [reader.u8(), reader.u8()];
  const [source, destination] = [ipFromBytes(reader.bytes(16)), ipFromBytes(reader.bytes(16))];
  if (length > reader.remaining) return undefined;
  return { envelope: { ...stations, source, destination }, protocol, lifetime, payload: reader.bytes(length) };
}

function packetFrame(envelope: Envelope, protocol: number, lifetime: number, payload: Uint8Array): Uint8Array {
  const { sourceMac, destinationMac, source, destination } = envelope;
  const writer = new ByteWriter(54 + payload.length).bytes(macToBytes(destinationMac)).bytes(macToBytes(sourceMac));
  const addresses = [ipToBytes(source), ipToBytes(destination)] as const;
  if (familyOf(source) === 6) {
    const header = writer.u16be(IPV6).u32be(0x6000_0000).u16be(payload.length).u8(protocol).u8(lifetime);
    return header.bytes(addresses[0]).bytes(addresses[1]).bytes(payload).finish();
  }
  const header = (checksum: number) =>
    new ByteWriter(20)
      .u32be(0x4500_0000 + 20 + payload.length)
      .u32be(0)
      .u8(lifetime)
      .u8(protocol)
      .u16be(checksum)
      .bytes(addresses[0])
      .bytes(addresses[1])
      .finish();
  return writer
    .u16be(IPV4)
    .bytes(header(internetChecksum([header(0)])))
    .bytes(payload)
    .finish();
}

/** Of a payload behind the pseudo-header of its family (RFC 768, RFC 8200, 8.1). */
function checksumOf(
  { source, destination }: Pick<Envelope, 'source' | 'destination'>,
  protocol: number,
  payload: Uint8Array,
): number {
  const writer = new ByteWriter(40).bytes(ipToBytes(source)).bytes(ipToBytes(destination));
  return internetChecksum([writer.u32be(payload.length).u32be(protocol).finish(), payload]);
}
