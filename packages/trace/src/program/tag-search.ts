import {
  add,
  andValue,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  jumpSame32,
  label,
  load,
  loadMapValue,
  shiftLeft,
  shiftRight,
} from '@fairlead/kernel/tracing';
import { carrierProtocols } from '../packet/carried-packet.ts';
import { COPY, held } from './program-frame.ts';

/**
 * Where the tag can be, in bytes from the start of the IP header, for each IP version: as TCP's sequence number, or one
 * more as acknowledgement or at the beginning of the data of UDP and ICMP echo; and the same inside ICMP's errors.
 */
export const tagPlaces = {
  4: { own: [24, 52], next: [28, 56] },
  6: { own: [44, 92], next: [48, 96] },
} as const;

/**
 * Where the tag can be in a packet that carries another one, in bytes from the start of the outer IP header: right behind that
 * or behind GRE's at a multiple of four, behind Ethernet's two more, the last ones inside ICMP's errors.
 */
export const carriedPlaces = {
  aligned: Array.from({ length: 15 }, (_, index) => 44 + index * 4),
  odd: Array.from({ length: 28 }, (_, index) => 62 + index * 4),
} as const;

/** The first three bytes of a tag, as a load on this machine has them; the last one tells the traces of a series apart. */
const SERIES_MASK = 0x00ff_ffff;
/** Where IP keeps the protocol, and in which of them there can be other packets, or errors about such. */
const protocolPlaces = { 4: 9, 6: 6 } as const;
const carrying = [...Object.values(carrierProtocols), 1, 58];

/** Take the tag that is looked for, as {@link tagWord} has it. */
export function loadTag(descriptor: number): Item[] {
  return [...loadMapValue(1, descriptor), load(4, held.tag, 1, 0)];
}

/** What a program compares with for a series of tags: packets are big-endian, this machine is not. */
export function tagWord(tag: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, tag);
  return view.getUint32(0, true) & SERIES_MASK;
}

/** To `hit` with a packet that has the tag, to `no tag` with any other of IP, to `unknown` with the rest. */
export function findTag(): Item[] {
  const compare = ({ own, next }: (typeof tagPlaces)[4 | 6]): Item[] => [
    ...[...own, ...next].flatMap(compareAt),
    jump('no tag'),
  ];
  return [
    load(1, 1, held.stack, COPY),
    shiftRight(1, 4),
    jumpEqual(1, 6, 'version 6'),
    jumpDifferent(1, 4, 'unknown'),
    ...compare(tagPlaces[4]),
    label('version 6'),
    ...compare(tagPlaces[6]),
  ];
}

/**
 * To `hit` with a packet that carries one with the tag, out with one that can neither carry nor hide any: which place it is,
 * and whether it is one, is told by whoever reads the record.
 */
export function findCarriedTag(): Item[] {
  return [
    load(1, 1, held.stack, COPY),
    shiftRight(1, 4),
    load(1, 2, held.stack, COPY + protocolPlaces[4]),
    jumpEqual(1, 4, 'protocol'),
    load(1, 2, held.stack, COPY + protocolPlaces[6]),
    label('protocol'),
    ...carrying.map((protocol) => jumpEqual(2, protocol, 'carrying')),
    jump('out'),
    label('carrying'),
    ...carriedPlaces.aligned.flatMap(compareAt),
    ...carriedPlaces.odd.flatMap(compareAtOdd),
  ];
}

function compareAt(place: number): Item[] {
  return [load(4, 1, held.stack, COPY + place), andValue(1, SERIES_MASK), jumpSame32(1, held.tag, 'hit')];
}

/** The stack is only read in step with the width of what is read. */
function compareAtOdd(place: number): Item[] {
  return [
    load(1, 1, held.stack, COPY + place + 2),
    shiftLeft(1, 16),
    load(2, 2, held.stack, COPY + place),
    add(1, 2),
    jumpSame32(1, held.tag, 'hit'),
  ];
}
