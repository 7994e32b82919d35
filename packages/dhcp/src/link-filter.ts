import {
  ByteReader,
  type ClassicInstruction,
  familyOf,
  type IpAddress,
  ipToBytes,
  type MacAddress,
  macToBytes,
  classicOpcode as op,
  wholePacket,
} from '@fairlead/base';
import { neighborType } from '@fairlead/base/neighbor-frame';

const load = (code: number, k: number): ClassicInstruction => ({ code, jt: 0, jf: 0, k });
const equal = (k: number, jt: number, jf: number): ClassicInstruction => ({ code: op.ifEqual, jt, jf, k });

/**
 * Frames that a client may be meant with: datagrams to port 68 over IPv4 and to port 546 over IPv6, what routers and
 * neighbours announce, and ARP where it is an answer or a probe. A container may receive anything else by the million while
 * its lease is renewed.
 */
export const linkFilter: readonly ClassicInstruction[] = [
  load(op.loadHalf, 12),
  equal(0x0800, 0, 7),
  load(op.loadByte, 23),
  equal(17, 0, 21),
  load(op.loadHalf, 20),
  { code: op.ifAnyBit, jt: 19, jf: 0, k: 0x3fff },
  load(op.loadHeaderLength, 14),
  load(op.loadHalfIndexed, 16),
  equal(68, 15, 16),
  equal(0x86dd, 0, 9),
  load(op.loadByte, 20),
  equal(17, 0, 2),
  load(op.loadHalf, 56),
  equal(546, 10, 11),
  equal(58, 0, 10),
  load(op.loadByte, 54),
  equal(134, 7, 0),
  equal(135, 6, 0),
  equal(136, 5, 6),
  equal(0x0806, 0, 5),
  load(op.loadHalf, 20),
  equal(2, 2, 0),
  load(op.loadWord, 28),
  equal(0, 0, 1),
  load(op.return, wholePacket),
  load(op.return, 0),
];

/** What is loaded, from where, and what it has to be. */
type Condition = readonly [code: number, offset: number, value: number];

/** ARP, and where the sender's address is in it. */
const arpOf = { type: [[op.loadHalf, 12, 0x0806]] as readonly Condition[], from: 28 };
/** A neighbour advertisement, and where the address is in it that it tells of. */
const advertisementOf = {
  type: [
    [op.loadHalf, 12, 0x86dd],
    [op.loadByte, 20, 58],
    [op.loadByte, 54, 136],
  ] as readonly Condition[],
  from: 62,
};

/**
 * Frames by which somebody else says that he uses an address: ARP with the address as the sender's (RFC 5227, 2.4), or an
 * advertisement of it (RFC 4861, 4.4). A LAN is full of both about other addresses.
 *
 * @param mac of the one who has the address: his own frames are not kept.
 */
export function claimFilter(address: IpAddress, mac: MacAddress): ClassicInstruction[] {
  const { type, from } = familyOf(address) === 4 ? arpOf : advertisementOf;
  const reader = new ByteReader(ipToBytes(address));
  const words: Condition[] = [];
  while (reader.remaining > 0) words.push([op.loadWord, from + 4 * words.length, reader.u32be()]);
  const conditions = [...type, ...words];
  const own = new ByteReader(macToBytes(mac));
  const last = 2 * conditions.length + 4;
  const tests = conditions.flatMap(([code, offset, value], at) => [
    load(code, offset),
    equal(value, 0, last - 2 * at - 1),
  ]);
  return [
    ...tests,
    load(op.loadWord, 6),
    equal(own.u32be(), 0, 2),
    load(op.loadHalf, 10),
    equal(own.u16be(), 1, 0),
    load(op.return, wholePacket),
    load(op.return, 0),
  ];
}

/** Ethernet type of the frames that {@link claimFilter} keeps. */
export function claimType(address: IpAddress): number {
  return neighborType[familyOf(address)];
}

/** Ports that servers answer to. */
export const clientPorts = [
  { family: 4, port: 68 },
  { family: 6, port: 546 },
] as const;
