import { type ClassicInstruction, classicOpcode as op, wholePacket } from '@fairlead/base';

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

/** Ports that servers answer to. */
export const clientPorts = [
  { family: 4, port: 68 },
  { family: 6, port: 546 },
] as const;
