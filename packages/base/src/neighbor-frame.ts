import { ByteReader, ByteWriter } from './bytes.ts';
import { ETHERNET_HEADER, etherType, ICMPV6, linkMessageFrame, readLinkMessage } from './frame.ts';
import { type Family, familyOf, type IpAddress, ipFromBytes, ipToBytes, isUnspecified } from './ip-address.ts';
import { type MacAddress, macFromBytes, macToBytes, parseMacAddress } from './mac-address.ts';

/** Ethernet type of ARP (RFC 826) for IPv4, and of what carries neighbour discovery (RFC 4861) for IPv6. */
export const neighborType: Readonly<Record<Family, number>> = { 4: etherType.arp, 6: etherType.ipv6 };

/** Type of a neighbour advertisement, the answer of neighbour discovery (RFC 4861, 4.4). */
export const NEIGHBOR_ADVERTISEMENT = 136;
/** RFC 4861, 4.3. */
const NEIGHBOR_SOLICITATION = 135;
/** Options of neighbour discovery that tell a hardware address, the sender's or the target's (RFC 4861, 4.6.1). */
const linkLayerAddress = { source: 1, target: 2 } as const;
/** RFC 4861, 4.4: what is cached about the address is to be replaced. */
const OVERRIDE = 0x2000_0000;

/** Operations of ARP (RFC 826). */
const arpOperation = { request: 1, reply: 2 } as const;
/** Hardware Ethernet, protocol IPv4, and their lengths: the only kind of ARP there is. */
const ARP_START = Uint8Array.of(0, 1, 8, 0, 6, 4);
const ARP_LENGTH = 28;

const EVERYBODY = parseMacAddress('ff:ff:ff:ff:ff:ff');
/** Every node of a link (RFC 4291, 2.7.1), and the Ethernet address that it is sent to (RFC 2464, 7). */
const ALL_NODES = ipFromBytes(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
const ALL_NODES_MAC = parseMacAddress('33:33:00:00:00:01');
/** Solicited-node addresses but for their last three bytes, and the Ethernet addresses' of them. */
const SOLICITED_NODE = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] as const;
const SOLICITED_NODE_MAC = [0x33, 0x33, 0xff] as const;

/** A packet of ARP between hosts of an Ethernet (RFC 826). */
export interface ArpPacket {
  readonly operation: keyof typeof arpOperation;
  readonly senderMac: MacAddress;
  readonly sender: IpAddress;
  /** Absent where it is what is asked for: zeros. */
  readonly targetMac?: MacAddress;
  readonly target: IpAddress;
}

/** The bytes of a packet of ARP, without an Ethernet header. */
export function arpPacket({ operation, senderMac, sender, targetMac, target }: ArpPacket): Uint8Array {
  const writer = new ByteWriter(ARP_LENGTH).bytes(ARP_START).u16be(arpOperation[operation]);
  writer.bytes(macToBytes(senderMac)).bytes(ipToBytes(sender));
  if (targetMac === undefined) writer.zeros(6);
  else writer.bytes(macToBytes(targetMac));
  return writer.bytes(ipToBytes(target)).finish();
}

/** Who asks, and for whose hardware address. */
export interface NeighborQuestion {
  readonly mac: MacAddress;
  /** Unspecified of one who asks in nobody's name, so that nobody remembers him: a probe (RFC 5227, 1.1; RFC 4862, 5.4.2). */
  readonly source: IpAddress;
  readonly target: IpAddress;
}

/** The Ethernet frame that asks everybody on a link who has an address: of ARP, or a neighbour solicitation. */
export function questionFrame({ mac, source, target }: NeighborQuestion): Uint8Array {
  if (familyOf(target) === 4) {
    return arpFrame(mac, EVERYBODY, arpPacket({ operation: 'request', senderMac: mac, sender: source, target }));
  }
  const end = ipToBytes(target).subarray(13);
  // Who asks in nobody's name must not say how he is reached (RFC 4861, 4.3).
  const options = isUnspecified(source) ? undefined : ([linkLayerAddress.source, mac] as const);
  return linkMessageFrame({
    sourceMac: mac,
    destinationMac: macFromBytes(Uint8Array.of(...SOLICITED_NODE_MAC, ...end)),
    source,
    destination: ipFromBytes(Uint8Array.of(...SOLICITED_NODE, ...end)),
    message: discoveryMessage(NEIGHBOR_SOLICITATION, 0, target, options),
  });
}

/**
 * The Ethernet frame that tells everybody on a link where an address is: an ARP announcement, which is a request of its
 * owner for it (RFC 5227, 3), or an unsolicited neighbour advertisement (RFC 4861, 7.2.6).
 */
export function announcementFrame(address: IpAddress, mac: MacAddress): Uint8Array {
  if (familyOf(address) === 4) return questionFrame({ mac, source: address, target: address });
  return linkMessageFrame({
    sourceMac: mac,
    destinationMac: ALL_NODES_MAC,
    source: address,
    destination: ALL_NODES,
    message: discoveryMessage(NEIGHBOR_ADVERTISEMENT, OVERRIDE, address, [linkLayerAddress.target, mac]),
  });
}

function arpFrame(sourceMac: MacAddress, destinationMac: MacAddress, packet: Uint8Array): Uint8Array {
  const writer = new ByteWriter(ETHERNET_HEADER + ARP_LENGTH).bytes(macToBytes(destinationMac));
  return writer.bytes(macToBytes(sourceMac)).u16be(etherType.arp).bytes(packet).finish();
}

/** Without its checksum. */
function discoveryMessage(
  type: number,
  flags: number,
  target: IpAddress,
  option: readonly [type: number, mac: MacAddress] | undefined,
): Uint8Array {
  const writer = new ByteWriter(32).u8(type).u8(0).u16be(0).u32be(flags).bytes(ipToBytes(target));
  if (option === undefined) return writer.finish();
  const [kind, mac] = option;
  // The length counts eight bytes at a time.
  return writer.u8(kind).u8(1).bytes(macToBytes(mac)).finish();
}

/** Somebody asks on the wire who has an address, or says so. */
export interface NeighborPacket {
  readonly family: Family;
  readonly kind: 'question' | 'answer';
  /** The address that is asked for, or told of. */
  readonly target: IpAddress;
}

/** The same, and who it is. */
export interface NeighborFrame extends NeighborPacket {
  /** Unspecified of one who asks in nobody's name. */
  readonly source: IpAddress;
  /** Of ARP as the packet has it, of neighbour discovery as the frame has it. */
  readonly mac: MacAddress;
}

/**
 * Read a packet of ARP or of neighbour discovery that has no Ethernet header, also one that nobody would accept because of
 * its hop limit or checksum; `undefined` for all others, and for what is cut short.
 */
export function readNeighborPacket(bytes: Uint8Array): NeighborPacket | undefined {
  const arp = readArp(bytes);
  if (arp !== undefined) return { family: 4, kind: arp.kind, target: arp.target };
  const kind = discoveryKinds[bytes[ipv6.payload] ?? 0];
  if ((bytes[0] ?? 0) >> 4 !== 6 || bytes[ipv6.protocol] !== ICMPV6 || kind === undefined) return undefined;
  const target = targetOf(bytes.subarray(ipv6.payload));
  return target && { family: 6, kind, target };
}

/** Read a frame of ARP or of neighbour discovery that a host would believe; `undefined` for all others. */
export function readNeighborFrame(frame: Uint8Array): NeighborFrame | undefined {
  if (frame.length < ETHERNET_HEADER) return undefined;
  const type = new ByteReader(frame).skip(ETHERNET_HEADER - 2).u16be();
  if (type === etherType.arp) {
    const arp = readArp(frame.subarray(ETHERNET_HEADER));
    return arp && { family: 4, ...arp };
  }
  const { message, source, sourceMac: mac } = readLinkMessage(frame) ?? {};
  const kind = discoveryKinds[message?.[0] ?? 0];
  const target = message && targetOf(message);
  if (kind === undefined || target === undefined || source === undefined || mac === undefined) return undefined;
  return { family: 6, kind, target, source, mac };
}

const discoveryKinds: Readonly<Record<number, NeighborPacket['kind']>> = {
  [NEIGHBOR_SOLICITATION]: 'question',
  [NEIGHBOR_ADVERTISEMENT]: 'answer',
};
/** Bytes from the beginning of the IPv6 header; extension headers are not looked into. */
const ipv6 = { protocol: 6, payload: 40 } as const;

function readArp(bytes: Uint8Array): Omit<NeighborFrame, 'family'> | undefined {
  if (bytes.length < ARP_LENGTH || !ARP_START.every((byte, index) => bytes[index] === byte)) return undefined;
  const reader = new ByteReader(bytes).skip(ARP_START.length);
  const kind = reader.u16be() === arpOperation.request ? 'question' : 'answer';
  const [mac, source] = [macFromBytes(reader.bytes(6)), ipFromBytes(reader.bytes(4))];
  const asked = ipFromBytes(reader.skip(6).bytes(4));
  // An answer comes from the one who has the address.
  return { kind, mac, source, target: kind === 'question' ? asked : source };
}

/** Of a message of neighbour discovery. */
function targetOf(message: Uint8Array): IpAddress | undefined {
  return message.length < 24 ? undefined : ipFromBytes(message.subarray(8, 24));
}
