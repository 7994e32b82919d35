import { ByteWriter, ipToBytes, type MacAddress, macToBytes, parseIpAddress } from '@fairlead/base';
import { etherType, linkMessageFrame, packetFrame } from '@fairlead/base/frame';
import { arpPacket } from '@fairlead/base/neighbor-frame';

const UDP = 17;
const LIFETIME = 64;

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
  return packetFrame(envelope(ends, source, destination), { protocol: UDP, lifetime: LIFETIME, payload });
}

/** An ARP packet. */
export function arpFrame(
  ends: FrameEnds,
  operation: 'request' | 'reply',
  sender: { readonly mac: MacAddress; readonly ip: string },
  target: string,
): Uint8Array {
  const addresses = { sender: parseIpAddress(sender.ip), target: parseIpAddress(target) };
  return plainFrame(ends, etherType.arp, arpPacket({ operation, senderMac: sender.mac, ...addresses }));
}

/** A message of neighbour discovery about a target, by its type (RFC 4861, section 4). */
export function neighborFrame(
  ends: FrameEnds,
  source: string,
  destination: string,
  { type, target }: { readonly type: number; readonly target: string },
): Uint8Array {
  const message = new ByteWriter(24)
    .u8(type)
    .zeros(7)
    .bytes(ipToBytes(parseIpAddress(target)))
    .finish();
  return linkMessageFrame({ ...envelope(ends, source, destination), message });
}

/** The same frame inside a tag of VLAN 0, which receivers take off (IEEE 802.1Q, 6.9). */
export function priorityTagged(frame: Uint8Array): Uint8Array {
  const tag = Uint8Array.of(0x81, 0, 0, 0);
  return new ByteWriter(frame.length + 4).bytes(frame.subarray(0, 12)).bytes(tag).bytes(frame.subarray(12)).finish();
}

function envelope({ from, to }: FrameEnds, source: string, destination: string) {
  return {
    sourceMac: from,
    destinationMac: to,
    source: parseIpAddress(source),
    destination: parseIpAddress(destination),
  };
}
