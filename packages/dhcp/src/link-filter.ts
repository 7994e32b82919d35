import type { ClassicInstruction } from '@fairlead/base';

/** Codes of linux/filter.h: load a word, a half word or a byte, load the length of an IPv4 header, compare, end. */
const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_BEHIND = 0x48;
const LOAD_HEADER_LENGTH = 0xb1;
const IF_EQUAL = 0x15;
const IF_ANY_BIT = 0x45;
const END = 0x06;

const load = (code: number, k: number): ClassicInstruction => ({ code, jt: 0, jf: 0, k });
const equal = (k: number, jt: number, jf: number): ClassicInstruction => ({ code: IF_EQUAL, jt, jf, k });

/**
 * Frames that a client may be meant with: datagrams to port 68 over IPv4 and to port 546 over IPv6, what routers and
 * neighbours announce, and ARP where it is an answer or a probe. A container may receive anything else by the million while
 * its lease is renewed.
 */
export const linkFilter: readonly ClassicInstruction[] = [
  load(LOAD_HALF, 12),
  equal(0x0800, 0, 7),
  load(LOAD_BYTE, 23),
  equal(17, 0, 21),
  load(LOAD_HALF, 20),
  { code: IF_ANY_BIT, jt: 19, jf: 0, k: 0x3fff },
  load(LOAD_HEADER_LENGTH, 14),
  load(LOAD_HALF_BEHIND, 16),
  equal(68, 15, 16),
  equal(0x86dd, 0, 9),
  load(LOAD_BYTE, 20),
  equal(17, 0, 2),
  load(LOAD_HALF, 56),
  equal(546, 10, 11),
  equal(58, 0, 10),
  load(LOAD_BYTE, 54),
  equal(134, 7, 0),
  equal(135, 6, 0),
  equal(136, 5, 6),
  equal(0x0806, 0, 5),
  load(LOAD_HALF, 20),
  equal(2, 2, 0),
  load(LOAD_WORD, 28),
  equal(0, 0, 1),
  load(END, 0x4_0000),
  load(END, 0),
];

/** Ports that servers answer to. */
export const clientPorts = [
  { family: 4, port: 68 },
  { family: 6, port: 546 },
] as const;
