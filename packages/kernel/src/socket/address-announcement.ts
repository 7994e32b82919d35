import {
  ByteWriter,
  familyOf,
  type IpAddress,
  internetChecksum,
  ipToBytes,
  type MacAddress,
  macToBytes,
} from '@fairlead/base';
import { closeAsync, sendto, socket } from '../system-call/syscalls.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const BROADCAST = new Uint8Array(6).fill(0xff);
const ICMPV6 = 58;
const NEIGHBOR_ADVERTISEMENT = 136;
/** RFC 4861, 4.4: what is cached about the address is to be replaced. */
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** Every node of the link (RFC 4291), and the Ethernet address that it is sent to (RFC 2464). */
const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/**
 * The Ethernet frame that tells everybody on a link where an address is: an ARP announcement (RFC 5227, 3) or an
 * unsolicited neighbour advertisement (RFC 4861, 7.2.6).
 */
export function announcementFrame(address: IpAddress, mac: MacAddress): Uint8Array {
  const [bytes, source] = [ipToBytes(address), macToBytes(mac)];
  if (familyOf(address) === 4) {
    const header = new ByteWriter(42).bytes(BROADCAST).bytes(source).u16be(ETHERTYPE_ARP);
    // Ethernet, IPv4, their lengths, and a request for an address that its own owner sends.
    return header.u16be(1).u16be(0x0800).u8(6).u8(4).u16be(1).bytes(source).bytes(bytes).zeros(6).bytes(bytes).finish();
  }
  const payload = advertisement(bytes, source);
  const header = new ByteWriter(86).bytes(ALL_NODES_MAC).bytes(source).u16be(ETHERTYPE_IPV6);
  return header
    .u32be(0x6000_0000)
    .u16be(payload.length)
    .u8(ICMPV6)
    .u8(255)
    .bytes(bytes)
    .bytes(ALL_NODES)
    .bytes(payload)
    .finish();
}

function advertisement(address: Uint8Array, mac: Uint8Array): Uint8Array {
  const write = (checksum: number) =>
    new ByteWriter(32)
      .u8(NEIGHBOR_ADVERTISEMENT)
      .u8(0)
      .u16be(checksum)
      .u32be(OVERRIDE)
      .bytes(address)
      .u8(TARGET_LINK_LAYER_ADDRESS)
      .u8(1)
      .bytes(mac)
      .finish();
  const message = write(0);
  const pseudoHeader = new ByteWriter(40).bytes(address).bytes(ALL_NODES).u32be(message.length).u32be(ICMPV6).finish();
  return write(internetChecksum([pseudoHeader, message]));
}

/**
 * Send frames out of a link of the namespace this thread is in.
 *
 * @throws SystemCallError for example `sendto: Network is down (ENETDOWN)`.
 */
export function sendFrames(linkIndex: number, frames: readonly Uint8Array[]): void {
  const descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  try {
    // sockaddr_ll (packet(7)): only the link matters for frames that are complete.
    const place = new ByteWriter(20).u16(AF_PACKET).u16(0).u32(linkIndex).zeros(12).finish();
    for (const frame of frames) sendto(descriptor, frame, frame.length, 0, place, place.length);
  } finally {
    // The kernel waits for RCU when such a socket goes (packet_release in net/packet/af_packet.c).
    void closeAsync(descriptor);
  }
}
