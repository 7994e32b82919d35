import { ByteWriter, familyOf, ipToBytes, type MacAddress, macToBytes, parseIpAddress } from '@fairlead/base';

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const UDP = 17;
const ICMPV6 = 58;

/** Both ends of a frame. */
export interface FrameEnds {
  readonly from: MacAddress;
  readonly to: MacAddress;
}

/** An Ethernet frame of a protocol that has no name here. */
export function plainFrame({ from, to }: FrameEnds, type: number, payload: Uint8Array): Uint8Array {
  const header = new ByteWriter(14 + payload.length).bytes(macToBytes(to)).bytes(macToBytes(from)).u16be(type);
  return header.bytes(payload).finish();
}

/** A datagram to port 9, of either IP version; nobody looks at its checksum on the way. */
export function datagramFrame(ends: FrameEnds, source: string, destination: string, port = 9): Uint8Array {
  const payload = new ByteWriter(8).u16be(4000).u16be(port).u16be(8).u16be(0).finish();
  return packetFrame(ends, source, destination, UDP, payload);
}

/** An ARP packet: 1 asks, 2 answers. */
export function arpFrame(
  ends: FrameEnds,
  operation: 1 | 2,
  sender: { readonly mac: MacAddress; readonly ip: string },
  target: string,
): Uint8Array {
  const payload = new ByteWriter(28).u16be(1).u16be(ETHERTYPE.ipv4).u8(6).u8(4).u16be(operation);
  payload.bytes(macToBytes(sender.mac)).bytes(bytesOf(sender.ip)).zeros(6).bytes(bytesOf(target));
  return plainFrame(ends, ETHERTYPE.arp, payload.finish());
}

/** A message of neighbour discovery about a target, by its type (RFC 4861, section 4). */
export function neighborFrame(
  ends: FrameEnds,
  source: string,
  destination: string,
  { type, target }: { readonly type: number; readonly target: string },
): Uint8Array {
  const payload = new ByteWriter(24).u8(type).zeros(7).bytes(bytesOf(target)).finish();
  return packetFrame(ends, source, destination, ICMPV6, payload);
}

/** The same frame inside a tag of VLAN 0, which receivers take off (IEEE 802.1Q, 6.9). */
export function priorityTagged(frame: Uint8Array): Uint8Array {
  const tag = Uint8Array.of(0x81, 0, 0, 0);
  return new ByteWriter(frame.length + 4).bytes(frame.subarray(0, 12)).bytes(tag).bytes(frame.subarray(12)).finish();
}

function packetFrame(ends: FrameEnds, source: string, destination: string, protocol: number, payload: Uint8Array) {
  const [from, to] = [bytesOf(source), bytesOf(destination)];
  if (familyOf(parseIpAddress(source)) === 6) {
    const header = new ByteWriter(40).u32be(0x6000_0000).u16be(payload.length).u8(protocol).u8(255);
    return plainFrame(ends, ETHERTYPE.ipv6, header.bytes(from).bytes(to).bytes(payload).finish());
  }
  const header = new ByteWriter(20)
    .u16be(0x4500)
    .u16be(20 + payload.length)
    .u32be(0)
    .u8(64)
    .u8(protocol)
    .u16be(0);
  const bytes = header.bytes(from).bytes(to).finish();
  // RFC 1071: bridges that have a look drop what is damaged.
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  sum = (sum & 0xffff) + (sum >> 16);
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(10, ~(sum + (sum >> 16)) & 0xffff);
  return plainFrame(ends, ETHERTYPE.ipv4, new ByteWriter(60).bytes(bytes).bytes(payload).finish());
}

function bytesOf(text: string): Uint8Array {
  return ipToBytes(parseIpAddress(text));
}
