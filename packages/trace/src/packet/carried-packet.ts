import { type NeighborPacket, readNeighborPacket } from '@fairlead/base/neighbor-frame';
import { type PacketHeader, type PacketRole, readPacketHeader, roleOf } from './packet-header.ts';

/** Ways in which a packet is put into another one, by what the kernel calls them. */
export type CarrierKind = 'vxlan' | 'geneve' | 'gre' | 'gretap' | 'erspan' | 'ipip' | 'wireguard' | 'esp';

/** A packet that carries another one. */
export interface Carrier {
  readonly kind: CarrierKind;
  /** VNI of VXLAN and Geneve, key of GRE. */
  readonly id?: number;
  /** The outer headers. */
  readonly header: PacketHeader;
}

/** What was found in a packet. */
export interface CarriedPacket {
  readonly role: PacketRole;
  /** Of the packet inside; of an error, its own. */
  readonly header: PacketHeader;
  /** Absent for an error. */
  readonly carrier?: Carrier;
  /** Of an error: the packet that it is about. */
  readonly about?: Carrier;
}

/** A beginning of a packet inside another. */
interface Inside {
  readonly kind: CarrierKind;
  readonly id?: number;
  readonly at: number;
}

/** IP protocol numbers that carry packets. */
export const carrierProtocols = { ipv4: 4, udp: 17, ipv6: 41, gre: 47, esp: 50 } as const;
const IPV6_HEADER = 40;
const ICMP_HEADER = 8;
const UDP_HEADER = 8;
const ETHERNET_HEADER = 14;
/** EtherTypes: IPv4, IPv6; a whole frame (RFC 1701), and one behind ERSPAN's own header of 8 bytes. */
const etherType = { ipv4: 0x0800, ipv6: 0x86dd, frame: 0x6558, erspan: 0x88be } as const;
const ERSPAN_HEADER = 8;
/** Flags of GRE (RFC 2890): each that is set adds a field of four bytes. */
const greFlag = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const;
/** Bits of VXLAN's first byte: the number is valid (RFC 7348). */
const VXLAN_VALID = 0x08;

/** Find the packet with the tag in another one, as tunnels put it there; `undefined` when there is none. */
export function readCarriedPacket(bytes: Uint8Array, tag: number): CarriedPacket | undefined {
  const outer = readPacketHeader(bytes);
  if (outer === undefined) return undefined;
  if (outer.quoted !== undefined) {
    const about = findInside(bytes.subarray(headerLength(bytes) + ICMP_HEADER), outer.quoted, tag);
    return about && { role: 'error', header: outer, about: about.carrier };
  }
  return findInside(bytes, outer, tag);
}

function findInside(
  bytes: Uint8Array,
  outer: PacketHeader,
  tag: number,
): (CarriedPacket & { readonly carrier: Carrier }) | undefined {
  for (const { at, kind, id } of insides(bytes, outer)) {
    const header = readPacketHeader(bytes.subarray(at));
    const role = header && roleOf(header, tag);
    if (header === undefined || role === undefined) continue;
    return { role, header, carrier: { kind, header: outer, ...(id !== undefined && { id }) } };
  }
  return undefined;
}

/** A question or an answer about a neighbour, and the packet that carries it where a tunnel does. */
export interface SeenNeighborPacket extends NeighborPacket {
  readonly carrier?: Carrier;
}

/** Read a packet about neighbours, also one that is carried by another. */
export function readNeighborPacketAnywhere(bytes: Uint8Array): SeenNeighborPacket | undefined {
  const plain = readNeighborPacket(bytes);
  const outer = plain === undefined ? readPacketHeader(bytes) : undefined;
  if (outer === undefined) return plain;
  for (const { at, kind, id } of insides(bytes, outer)) {
    const packet = readNeighborPacket(bytes.subarray(at));
    if (packet !== undefined) return { ...packet, carrier: { kind, header: outer, ...(id !== undefined && { id }) } };
  }
  return undefined;
}

/** IPv4's has options; extension headers of IPv6 are not looked into. */
function headerLength(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  return first >> 4 === 4 ? (first & 15) * 4 : IPV6_HEADER;
}

function insides(bytes: Uint8Array, { protocol }: PacketHeader): Inside[] {
  const at = headerLength(bytes);
  switch (protocol) {
    case carrierProtocols.ipv4:
    case carrierProtocols.ipv6:
      return [{ kind: 'ipip', at }];
    case carrierProtocols.gre:
      return insideGre(bytes, at);
    case carrierProtocols.udp:
      return [...insideVxlan(bytes, at + UDP_HEADER), ...insideGeneve(bytes, at + UDP_HEADER)];
    default:
      return [];
  }
}

function insideGre(bytes: Uint8Array, at: number): Inside[] {
  if (bytes.length < at + 4) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [flags, type] = [view.getUint16(at), view.getUint16(at + 2)];
  const field = (flag: number) => ((flags & flag) === 0 ? 0 : 4);
  const keyAt = at + 4 + field(greFlag.checksum);
  const end = keyAt + field(greFlag.key) + field(greFlag.sequence);
  if (bytes.length < end) return [];
  const id = (flags & greFlag.key) === 0 ? {} : { id: view.getUint32(keyAt) };
  if (type === etherType.frame) return [{ kind: 'gretap', at: end + ETHERNET_HEADER, ...id }];
  if (type === etherType.erspan) return [{ kind: 'erspan', at: end + ERSPAN_HEADER + ETHERNET_HEADER, ...id }];
  return type === etherType.ipv4 || type === etherType.ipv6 ? [{ kind: 'gre', at: end, ...id }] : [];
}

function insideVxlan(bytes: Uint8Array, at: number): Inside[] {
  if (((bytes[at] ?? 0) & VXLAN_VALID) === 0 || bytes.length < at + 8) return [];
  return [{ kind: 'vxlan', id: numberAt(bytes, at + 4), at: at + 8 + ETHERNET_HEADER }];
}

/** Version 0 (RFC 8926), whose options are counted in words. */
function insideGeneve(bytes: Uint8Array, at: number): Inside[] {
  const first = bytes[at] ?? 0xff;
  if (first >> 6 !== 0 || bytes.length < at + 8) return [];
  const type = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  const end = at + 8 + (first & 0x3f) * 4;
  const id = numberAt(bytes, at + 4);
  if (type === etherType.frame) return [{ kind: 'geneve', id, at: end + ETHERNET_HEADER }];
  return type === etherType.ipv4 || type === etherType.ipv6 ? [{ kind: 'geneve', id, at: end }] : [];
}

/** Of three bytes. */
function numberAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** True for a header behind which an encrypted packet may be, which nobody can look into. */
export function mayHide({ protocol }: PacketHeader): boolean {
  return protocol === carrierProtocols.udp || protocol === carrierProtocols.esp;
}
