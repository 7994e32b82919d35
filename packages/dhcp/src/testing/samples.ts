import assert from 'node:assert/strict';
import {
  ByteWriter,
  familyOf,
  type IpAddress,
  ipToBytes,
  linkLocalAddress,
  macToBytes,
  parseIpAddress,
  parseMacAddress,
} from '@fairlead/base';
import { etherType, linkMessageFrame } from '@fairlead/base/frame';
import { announcementFrame, arpPacket } from '@fairlead/base/neighbor-frame';
import { datagramFrame, readDatagram } from '../datagram.ts';
import { type Dhcp4Message, decodeDhcp4, encodeDhcp4 } from '../dhcp4-message.ts';
import { type Dhcp6Message, decodeDhcp6, encodeDhcp6 } from '../dhcp6-message.ts';
import { clientIdentity } from '../identity.ts';

/** Who asks in the tests. */
export const identity = clientIdentity('c'.repeat(64), 'n'.repeat(64), parseMacAddress('02:42:00:00:00:05'), 'web');

const NOBODY = parseIpAddress('0.0.0.0');

/** Hardware address of everybody who answers. */
export const serverMac = parseMacAddress('52:54:00:00:00:01');

/** The message of DHCPv4 in a frame that a client has sent. */
export function sent4(frame: Uint8Array | undefined): Dhcp4Message & { readonly to: string; readonly toMac: string } {
  const datagram = frame && readDatagram(frame);
  assert.ok(datagram, 'a datagram is sent');
  assert.equal(datagram.destinationPort, 67);
  const { destination, destinationMac } = datagram;
  return { ...decodeDhcp4(datagram.payload), to: destination, toMac: destinationMac };
}

/** What a server of DHCPv4 says. */
export function reply4(
  transaction: number,
  address: string,
  options: Readonly<Record<number, readonly number[]>>,
  mac = identity.mac,
): Uint8Array {
  const payload = encodeDhcp4({
    kind: 'reply',
    transaction,
    seconds: 0,
    clientAddress: parseIpAddress('0.0.0.0'),
    yourAddress: parseIpAddress(address),
    mac,
    options: new Map(Object.entries(options).map(([code, value]) => [Number(code), Uint8Array.from(value)])),
  });
  return datagramFrame({
    sourceMac: serverMac,
    destinationMac: mac,
    source: parseIpAddress('192.0.2.1'),
    destination: parseIpAddress(address),
    sourcePort: 67,
    destinationPort: 68,
    payload,
  });
}

/** The message of DHCPv6 in a frame that a client has sent. */
export function sent6(frame: Uint8Array | undefined): Dhcp6Message {
  const datagram = frame && readDatagram(frame);
  assert.ok(datagram, 'a datagram is sent');
  assert.deepEqual([datagram.destination, datagram.destinationPort], ['ff02::1:2', 547]);
  return decodeDhcp6(datagram.payload);
}

/** What a server of DHCPv6 says. */
export function reply6(message: Partial<Dhcp6Message> & Pick<Dhcp6Message, 'type' | 'transaction'>): Uint8Array {
  return datagramFrame({
    sourceMac: serverMac,
    destinationMac: identity.mac,
    source: linkLocalAddress(serverMac),
    destination: linkLocalAddress(identity.mac),
    sourcePort: 547,
    destinationPort: 546,
    payload: encodeDhcp6({
      client: identity.duid,
      server: Uint8Array.of(0, 3, 0, 1, 9),
      nameServers: [],
      search: [],
      ...message,
    }),
  });
}

/** What somebody says who has an address: an answer of ARP, or a neighbour advertisement to everybody. */
export function claim(address: IpAddress, mac = serverMac): Uint8Array {
  if (familyOf(address) === 6) return announcementFrame(address, mac);
  const answer = {
    operation: 'reply',
    senderMac: mac,
    sender: address,
    targetMac: identity.mac,
    target: NOBODY,
  } as const;
  const writer = new ByteWriter(42).bytes(macToBytes(identity.mac)).bytes(macToBytes(mac)).u16be(etherType.arp);
  return writer.bytes(arpPacket(answer)).finish();
}

/** The option by which a router announces a prefix of 64 bits for hosts to make addresses of (RFC 4861, 4.6.2). Times are seconds. */
export function prefixOption(prefix: string, validSeconds: number, preferredSeconds: number): Uint8Array {
  const option = new ByteWriter(32).u8(3).u8(4).u8(64).u8(0xc0).u32be(validSeconds).u32be(preferredSeconds).u32be(0);
  return option.bytes(ipToBytes(parseIpAddress(prefix))).finish();
}

/** What a router announces: 2001:db8:1::/64, itself as the way out for half an hour, and a name server. */
export function announcement(
  flags: { readonly managed: boolean; readonly autonomous: boolean; readonly otherwise?: boolean },
  more: Uint8Array = new Uint8Array(),
): Uint8Array {
  const message = new ByteWriter(64 + more.length)
    .u8(134)
    .zeros(3)
    .u8(64)
    .u8((flags.managed ? 0x80 : 0) + (flags.otherwise ? 0x40 : 0))
    .u16be(1800)
    .zeros(8)
    .bytes(more)
    .u8(3)
    .u8(4)
    .u8(64)
    .u8(flags.autonomous ? 0xc0 : 0x80)
    .u32be(86_400)
    .u32be(14_400)
    .u32be(0)
    .bytes(ipToBytes(parseIpAddress('2001:db8:1::')))
    .u8(5)
    .u8(1)
    .u16be(0)
    .u32be(1400)
    .u8(25)
    .u8(3)
    .u16be(0)
    .u32be(1800)
    .bytes(ipToBytes(parseIpAddress('2001:db8:1::53')));
  return linkMessageFrame({
    sourceMac: serverMac,
    destinationMac: parseMacAddress('33:33:00:00:00:01'),
    source: linkLocalAddress(serverMac),
    destination: parseIpAddress('ff02::1'),
    message: message.finish(),
  });
}
