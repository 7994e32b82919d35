import { ByteWriter, type IpAddress, ipToBytes, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { claimantOf, probeFrame } from '../address-probe.ts';
import { type Datagram, datagramFrame, readDatagram } from '../datagram.ts';
import { type Dhcp4Message, decodeDhcp4, encodeDhcp4 } from '../dhcp4-message.ts';
import { dhcp4Option, dhcp4Type, typeOf4 } from '../dhcp4-option.ts';
import { claim } from './samples.ts';

/** Hardware address of somebody else. */
const ANOTHER = parseMacAddress('52:54:00:00:00:09');

const names = new Map<number | undefined, string>([
  [dhcp4Type.discover, 'DISCOVER'],
  [dhcp4Type.request, 'REQUEST'],
  [dhcp4Type.decline, 'DECLINE'],
  [dhcp4Type.release, 'RELEASE'],
]);

/** What a client says in a frame: `REQUEST 192.0.2.9`, or `PROBE` when it asks who has the address. */
export function describe4(frame: Uint8Array): string {
  if (readDatagram(frame) === undefined) return 'PROBE';
  const { message } = heard(frame);
  const address = message.options.get(dhcp4Option.requestedAddress)?.join('.') ?? message.clientAddress;
  return `${names.get(typeOf4(message.options))} ${address}`;
}

/**
 * What somebody says who has an address, to who asks for it: `undefined` for every other frame.
 */
export function claim4(frame: Uint8Array, address: IpAddress): Uint8Array | undefined {
  return claimantOf(frame, address, ANOTHER) === undefined ? undefined : probeFrame(address, ANOTHER);
}

/** What somebody says who uses an address. */
export function claimFrame(address: IpAddress): Uint8Array {
  return claim(address, ANOTHER);
}

/**
 * What 192.0.2.1 answers, router and server of 192.0.2.0/24, who gives one address and refuses every other;
 * `undefined` for a message that is not answered.
 *
 * @param seconds for which it is given.
 */
export function answer4(frame: Uint8Array, address: IpAddress, seconds: number): Uint8Array | undefined {
  if (readDatagram(frame) === undefined) return undefined;
  const { message, datagram } = heard(frame);
  const type = typeOf4(message.options);
  if (type !== dhcp4Type.discover && type !== dhcp4Type.request) return undefined;
  const asked = message.options.get(dhcp4Option.requestedAddress)?.join('.') ?? message.clientAddress;
  const granted = type === dhcp4Type.discover || asked === address;
  const answer = type === dhcp4Type.discover ? dhcp4Type.offer : granted ? dhcp4Type.acknowledge : dhcp4Type.refuse;
  const payload = encodeDhcp4({ ...message, kind: 'reply', yourAddress: address, options: optionsOf(answer, seconds) });
  return datagramFrame({
    sourceMac: datagram.sourceMac,
    destinationMac: message.mac,
    source: parseIpAddress('192.0.2.1'),
    destination: address,
    sourcePort: 67,
    destinationPort: 68,
    payload,
  });
}

function optionsOf(type: number, seconds: number): Dhcp4Message['options'] {
  const server = ipToBytes(parseIpAddress('192.0.2.1'));
  return new Map<number, Uint8Array>([
    [dhcp4Option.messageType, Uint8Array.of(type)],
    [dhcp4Option.server, server],
    [dhcp4Option.routers, server],
    [dhcp4Option.nameServers, server],
    [dhcp4Option.subnetMask, Uint8Array.of(255, 255, 255, 0)],
    [dhcp4Option.leaseTime, new ByteWriter(4).u32be(seconds).finish()],
  ]);
}

function heard(frame: Uint8Array): { readonly message: Dhcp4Message; readonly datagram: Datagram } {
  const datagram = readDatagram(frame);
  if (datagram === undefined) throw new Error('no datagram');
  return { message: decodeDhcp4(datagram.payload), datagram };
}
