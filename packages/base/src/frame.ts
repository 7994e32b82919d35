import { ByteReader, ByteWriter } from './bytes.ts';
import { internetChecksum } from './internet-checksum.ts';
import { type Family, familyOf, type IpAddress, ipFromBytes, ipToBytes } from './ip-address.ts';
import { type MacAddress, macFromBytes, macToBytes } from './mac-address.ts';

/** What an Ethernet frame holds (IEEE 802 numbers, linux/if_ether.h). */
export const etherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** Bytes of an Ethernet header: destination, source, type. */
export const ETHERNET_HEADER = 14;

/** Whose hardware address a frame was sent under, whatever it holds. @throws Error for what is shorter than a header. */
export function senderOf(frame: Uint8Array): MacAddress {
  return macFromBytes(new ByteReader(frame).skip(6).bytes(6));
}

/** Protocol number of ICMPv6 (RFC 4443). */
export const ICMPV6 = 58;

/** More fragments, or not the first one (RFC 791). */
const FRAGMENT = 0x3fff;
/** Hop limit of what has not left its link, for routers lower it: receivers of neighbour discovery insist on it (RFC 4861). */
const UNROUTED = 255;

/** Who speaks to whom on a link. */
export interface Envelope {
  readonly sourceMac: MacAddress;
  readonly destinationMac: MacAddress;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** A message of ICMPv6 that has not left its link: type, code, checksum and what is behind them. */
export interface LinkMessage extends Envelope {
  readonly message: Uint8Array;
}

/** The Ethernet frame of a message of ICMPv6 whose checksum is still 0. */
export function linkMessageFrame({ message, ...envelope }: LinkMessage): Uint8Array {
  const checksum = payloadChecksum(envelope, ICMPV6, message);
  const complete = Uint8Array.from(message);
  complete.set([checksum >> 8, checksum & 0xff], 2);
  return packetFrame(envelope, { protocol: ICMPV6, lifetime: UNROUTED, payload: complete });
}

/** The message of ICMPv6 in a frame that has not left its link; `undefined` for everything else. */
export function readLinkMessage(frame: Uint8Array): LinkMessage | undefined {
  const packet = readPacketFrame(frame);
  if (packet?.protocol !== ICMPV6 || packet.lifetime !== UNROUTED || packet.payload.length < 4) return undefined;
  return { ...packet.envelope, message: packet.payload };
}

/** What an IP header says besides the addresses, and what is behind it. */
export interface IpPayload {
  /** IP protocol number. */
  readonly protocol: number;
  /** Time to live, hop limit. */
  readonly lifetime: number;
  readonly payload: Uint8Array;
}

/** The Ethernet frame of an IP packet without options, of the family of its source (RFC 791, RFC 8200). */
export function packetFrame(envelope: Envelope, packet: IpPayload): Uint8Array {
  const { sourceMac, destinationMac, source } = envelope;
  const family = familyOf(source);
  const writer = new ByteWriter(ETHERNET_HEADER + 40 + packet.payload.length);
  writer.bytes(macToBytes(destinationMac)).bytes(macToBytes(sourceMac)).u16be(ipType(family));
  const header = family === 6 ? header6(envelope, packet) : header4(envelope, packet);
  return writer.bytes(header).bytes(packet.payload).finish();
}

function ipType(family: Family): number {
  return family === 6 ? etherType.ipv6 : etherType.ipv4;
}

function header6({ source, destination }: Envelope, { protocol, lifetime, payload }: IpPayload): Uint8Array {
  const writer = new ByteWriter(40).u32be(0x6000_0000).u16be(payload.length).u8(protocol).u8(lifetime);
  return writer.bytes(ipToBytes(source)).bytes(ipToBytes(destination)).finish();
}

function header4({ source, destination }: Envelope, { protocol, lifetime, payload }: IpPayload): Uint8Array {
  const write = (checksum: number) =>
    new ByteWriter(20)
      .u32be(0x4500_0000 + 20 + payload.length)
      .u32be(0)
      .u8(lifetime)
      .u8(protocol)
      .u16be(checksum)
      .bytes(ipToBytes(source))
      .bytes(ipToBytes(destination))
      .finish();
  return write(internetChecksum([write(0)]));
}

/** Of a payload whose own checksum is still 0, behind the pseudo-header of its family (RFC 768; RFC 8200, 8.1). */
export function payloadChecksum(
  { source, destination }: Pick<Envelope, 'source' | 'destination'>,
  protocol: number,
  payload: Uint8Array,
): number {
  const writer = new ByteWriter(40).bytes(ipToBytes(source)).bytes(ipToBytes(destination));
  return internetChecksum([writer.u32be(payload.length).u32be(protocol).finish(), payload]);
}

/** An IP packet in a frame. */
export interface PacketInFrame extends IpPayload {
  readonly envelope: Envelope;
}

/** The IP packet in an Ethernet frame, without padding; `undefined` for everything else, fragments included. */
export function readPacketFrame(frame: Uint8Array): PacketInFrame | undefined {
  if (frame.length < ETHERNET_HEADER) return undefined;
  const reader = new ByteReader(frame);
  const [destinationMac, sourceMac] = [macFromBytes(reader.bytes(6)), macFromBytes(reader.bytes(6))];
  const type = reader.u16be();
  const packet = reader.bytes();
  if (type === etherType.ipv4) return readVersion4(packet, { destinationMac, sourceMac });
  return type === etherType.ipv6 ? readVersion6(packet, { destinationMac, sourceMac }) : undefined;
}

type Stations = Pick<Envelope, 'sourceMac' | 'destinationMac'>;

function readVersion4(packet: Uint8Array, stations: Stations): PacketInFrame | undefined {
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

function readVersion6(packet: Uint8Array, stations: Stations): PacketInFrame | undefined {
  if (packet.length < 40 || (packet[0] ?? 0) >> 4 !== 6) return undefined;
  const reader = new ByteReader(packet).skip(4);
  const length = reader.u16be();
  const [protocol, lifetime] = [reader.u8(), reader.u8()];
  const [source, destination] = [ipFromBytes(reader.bytes(16)), ipFromBytes(reader.bytes(16))];
  if (length > reader.remaining) return undefined;
  return { envelope: { ...stations, source, destination }, protocol, lifetime, payload: reader.bytes(length) };
}
