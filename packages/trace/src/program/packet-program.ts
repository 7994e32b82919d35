import {
  add,
  addValue,
  andValue,
  assemble,
  call,
  exit,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  jumpEqual32,
  label,
  load,
  loadMap,
  loadMapValue,
  move,
  type Register,
  set,
  shiftLeft,
  shiftRight,
  store,
  storeValue,
  type Width,
} from '@fairlead/kernel/tracing';
import { carrierProtocols } from '../packet/carried-packet.ts';
import { recordField, recordLength } from './event-record.ts';
import type { KernelLayout, TracepointName } from './kernel-layout.ts';
import { tracepoints } from './kernel-layout.ts';

/** What a program for one tracepoint is made from. */
export interface PacketProgramRequest {
  readonly tracepoint: TracepointName;
  readonly layout: KernelLayout;
  /** Packets are recognised by the first 24 bits of this number; see {@link tagPlaces}. */
  readonly tag: number;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
  /** Descriptor of the notes in which programs keep the kernel's addresses of packets that they have seen with the tag. */
  readonly notes: number;
  /** Descriptor of the text `%ps`, with which the kernel names the function behind an address (Linux 5.13). */
  readonly symbolFormat?: number;
}

/** Helpers (enum bpf_func_id). */
const helper = { lookUp: 1, update: 2, remove: 3, now: 5, readKernel: 113, ringOutput: 130, format: 165 } as const;
/** What holds what for the whole of the program. */
const context: Register = 6;
const packet: Register = 7;
const device: Register = 8;
const namespace: Register = 9;
const stack: Register = 10;
/** The record is made at the end of the stack, with room for one argument below it. */
const FRAME = -recordLength;
const ARGUMENT = FRAME - 8;

/**
 * Where the tag can be, in bytes from the start of the IP header, for each IP version: as TCP's sequence number, or one
 * more as acknowledgement or at the beginning of the data of UDP and ICMP echo; and the same inside ICMP's errors.
 */
export const tagPlaces = {
  4: { own: [24, 52], next: [28, 56] },
  6: { own: [44, 92], next: [48, 96] },
} as const;

/** The first three bytes of a tag, as a load on this machine has them; the last one tells the traces of a series apart. */
const SERIES_MASK = 0x00ff_ffff;

/** The instructions that look at each packet and write a record of those with the tag. */
export function packetProgram(request: PacketProgramRequest): Uint8Array {
  const { layout, tracepoint } = request;
  const point = layout.tracepoints[tracepoint];
  if (point === undefined) throw new Error(`this kernel has no tracepoint ${tracepoint}`);
  return assemble([
    move(context, 1),
    load(8, packet, context, point.packet * 8),
    jumpEqual(packet, 0, 'out'),
    ...clearRecord(),
    ...copyPacket(layout, tracepoint),
    ...(tracepoint === 'kfree_skb' ? findNeighborPacket() : []),
    ...findTag(request.tag),
    label('no tag'),
    ...findCarriedTag(request.tag),
    label('unknown'),
    ...lookUpPacket(request.notes),
    jumpDifferent(0, 0, 'known'),
    jump('out'),
    label('hit'),
    ...(isEnd(tracepoint) ? [] : notePacket(request.notes)),
    label('known'),
    ...(isEnd(tracepoint) ? forgetPacket(request.notes) : []),
    ...describeEvent(request),
    ...describeDevice(layout),
    label('write'),
    ...output(request.ring),
    label('out'),
    set(0, 0),
    exit(),
  ]);
}

/** What a program that reports every drop is made from. */
export interface DropProgramRequest {
  readonly layout: KernelLayout;
  readonly ring: number;
  readonly symbolFormat?: number;
  /** Descriptor of the set with the numbers of the namespaces that are of interest. */
  readonly namespaces: number;
}

/** The instructions that write a record of each packet that is dropped in one of some namespaces. */
export function dropProgram({ namespaces, ...request }: DropProgramRequest): Uint8Array {
  const { layout } = request;
  const point = layout.tracepoints.kfree_skb;
  if (point === undefined) throw new Error('this kernel has no tracepoint kfree_skb');
  return assemble([
    move(context, 1),
    load(8, packet, context, point.packet * 8),
    jumpEqual(packet, 0, 'out'),
    ...clearRecord(),
    ...describeDevice(layout),
    label('write'),
    ...loadMap(1, namespaces),
    move(2, stack),
    addValue(2, FRAME + recordField.namespace.at),
    call(helper.lookUp),
    jumpEqual(0, 0, 'out'),
    ...copyPacket(layout, 'kfree_skb'),
    ...describeEvent({ ...request, tracepoint: 'kfree_skb' }),
    ...output(request.ring),
    label('out'),
    set(0, 0),
    exit(),
  ]);
}

/** The verifier wants the stack written before it is handed over. */
function clearRecord(): Item[] {
  return Array.from({ length: recordLength / 8 }, (_, index) => storeValue(8, stack, FRAME + index * 8, 0));
}

/**
 * The IP header and what follows. The offset of the header is only set once the packet was looked at: on reception it is
 * where the data begin.
 */
function copyPacket({ packet: at }: KernelLayout, tracepoint: TracepointName): Item[] {
  const fromData: Item[] = [label('from data'), load(8, 3, packet, at.data)];
  const fromHeader: Item[] = [
    load(2, 2, packet, at.networkHeader),
    jumpEqual(2, 0, 'from data'),
    jumpEqual(2, 0xffff, 'from data'),
    load(8, 3, packet, at.head),
    add(3, 2),
    jump('read'),
  ];
  return [
    ...(tracepoint === 'netif_receive_skb' ? [] : fromHeader),
    ...fromData,
    label('read'),
    ...readInto(recordField.packet),
    jumpDifferent(0, 0, 'out'),
  ];
}

/** `bpf_probe_read_kernel` from register 3 into a field. */
function readInto({ at, length }: { readonly at: number; readonly length: number }): Item[] {
  return [move(1, stack), addValue(1, FRAME + at), set(2, length), call(helper.readKernel)];
}

/** The beginning of every packet of ARP for IPv4 on Ethernet, as a load on this machine has it. */
const ARP = 0x0008_0100;
/** IPv6's next header and, right behind the header, ICMPv6's type. */
const neighborDiscovery = { protocolAt: 6, protocol: 58, typeAt: 40, types: [135, 136] } as const;

/** Who asks for neighbours in vain is told why: such packets are of interest when they are dropped, whoever sent them. */
function findNeighborPacket(): Item[] {
  const start = FRAME + recordField.packet.at;
  const { protocolAt, protocol, typeAt, types } = neighborDiscovery;
  return [
    load(4, 1, stack, start),
    jumpEqual32(1, ARP, 'hit'),
    load(1, 1, stack, start),
    shiftRight(1, 4),
    jumpDifferent(1, 6, 'no neighbour'),
    load(1, 1, stack, start + protocolAt),
    jumpDifferent(1, protocol, 'no neighbour'),
    load(1, 1, stack, start + typeAt),
    ...types.map((type) => jumpEqual(1, type, 'hit')),
    label('no neighbour'),
    ...findCarriedNeighborPacket(),
  ];
}

/** Of frames in VXLAN or Geneve over IPv4 and IPv6, and in GRE: where the type of the frame is. */
const frameTypePlaces = [48, 68, 36, 56] as const;
/** Types of frames as a load on this machine has them: ARP, IPv6. */
const frameType = { arp: 0x0608, ipv6: 0xdd86 } as const;

/** The same where a tunnel carries them. */
function findCarriedNeighborPacket(): Item[] {
  const start = FRAME + recordField.packet.at;
  const { protocolAt, protocol, typeAt, types } = neighborDiscovery;
  return frameTypePlaces.flatMap((place) => {
    const next = `no frame at ${place}`;
    const ip = start + place + 2;
    return [
      load(2, 1, stack, start + place),
      jumpEqual(1, frameType.arp, 'hit'),
      jumpDifferent(1, frameType.ipv6, next),
      load(1, 1, stack, ip + protocolAt),
      jumpDifferent(1, protocol, next),
      load(1, 1, stack, ip + typeAt),
      ...types.map((type) => jumpEqual(1, type, 'hit')),
      label(next),
    ];
  });
}

function findTag(tag: number): Item[] {
  const start = FRAME + recordField.packet.at;
  const compare = ({ own, next }: (typeof tagPlaces)[4 | 6]): Item[] => [
    ...[...own, ...next].flatMap((place) => [
      load(4, 1, stack, start + place),
      andValue(1, SERIES_MASK),
      jumpEqual32(1, swapped(tag) & SERIES_MASK, 'hit'),
    ]),
    jump('no tag'),
  ];
  return [
    load(1, 1, stack, start),
    shiftRight(1, 4),
    jumpEqual(1, 6, 'version 6'),
    jumpDifferent(1, 4, 'unknown'),
    ...compare(tagPlaces[4]),
    label('version 6'),
    ...compare(tagPlaces[6]),
  ];
}

/** Where IP keeps the protocol, and in which of them there can be other packets, or errors about such. */
const protocolPlaces = { 4: 9, 6: 6 } as const;
const carrying = [...Object.values(carrierProtocols), 1, 58];
/**
 * Where the tag can be in a packet that carries another one, in bytes from the start of the outer IP header: right behind that
 * or behind GRE's at a multiple of four, behind Ethernet's two more, the last ones inside ICMP's errors.
 */
export const carriedPlaces = {
  aligned: Array.from({ length: 15 }, (_, index) => 44 + index * 4),
  odd: Array.from({ length: 28 }, (_, index) => 62 + index * 4),
} as const;

/** Which place it is, and whether it is one, is told by whoever reads the record. */
function findCarriedTag(tag: number): Item[] {
  const start = FRAME + recordField.packet.at;
  const wanted = swapped(tag) & SERIES_MASK;
  return [
    load(1, 1, stack, start),
    shiftRight(1, 4),
    load(1, 2, stack, start + protocolPlaces[4]),
    jumpEqual(1, 4, 'protocol'),
    load(1, 2, stack, start + protocolPlaces[6]),
    label('protocol'),
    ...carrying.map((protocol) => jumpEqual(2, protocol, 'carrying')),
    // TCP, which is most of what passes, neither carries nor hides anything: that is not even looked up.
    jump('out'),
    label('carrying'),
    ...carriedPlaces.aligned.flatMap((place) => [
      load(4, 1, stack, start + place),
      andValue(1, SERIES_MASK),
      jumpEqual32(1, wanted, 'hit'),
    ]),
    // The stack is only read in step with the width of what is read.
    ...carriedPlaces.odd.flatMap((place) => [
      load(1, 1, stack, start + place + 2),
      shiftLeft(1, 16),
      load(2, 2, stack, start + place),
      add(1, 2),
      jumpEqual32(1, wanted, 'hit'),
    ]),
  ];
}

/** What a tunnel makes of a packet has the same address in the kernel, also where nobody can read it any more. */
function addressOfPacket(): Item[] {
  const { packetAddress } = recordField;
  return [store(8, stack, FRAME + packetAddress.at, packet), move(2, stack), addValue(2, FRAME + packetAddress.at)];
}

function lookUpPacket(notes: number): Item[] {
  return [...addressOfPacket(), ...loadMap(1, notes), call(helper.lookUp)];
}

function notePacket(notes: number): Item[] {
  const value: Item[] = [move(3, stack), addValue(3, ARGUMENT), storeValue(8, stack, ARGUMENT, 1)];
  return [...addressOfPacket(), ...loadMap(1, notes), ...value, set(4, 0), call(helper.update)];
}

function forgetPacket(notes: number): Item[] {
  return [...addressOfPacket(), ...loadMap(1, notes), call(helper.remove)];
}

/** Where a packet ends, its address is free for another one. */
function isEnd(tracepoint: TracepointName): boolean {
  return tracepoint === 'kfree_skb' || tracepoint === 'consume_skb';
}

/** The number that a load of the four bytes gives on this machine: packets are big-endian, it is not. */
function swapped(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return view.getUint32(0, true);
}

/** Write the record. */
function output(ring: number): Item[] {
  return [
    ...loadMap(1, ring),
    move(2, stack),
    addValue(2, FRAME),
    set(3, recordLength),
    set(4, 0),
    call(helper.ringOutput),
  ];
}

function describeEvent({
  tracepoint,
  layout,
  symbolFormat,
}: Omit<PacketProgramRequest, 'tag' | 'ring' | 'notes'>): Item[] {
  const point = layout.tracepoints[tracepoint];
  const argument = (index: number | undefined, width: Width, at: number): Item[] =>
    index === undefined ? [] : [load(8, 1, context, index * 8), store(width, stack, FRAME + at, 1)];
  return [
    call(helper.now),
    store(8, stack, FRAME + recordField.time.at, 0),
    store(8, stack, FRAME + recordField.packetAddress.at, packet),
    storeValue(4, stack, FRAME + recordField.tracepoint.at, tracepoints.indexOf(tracepoint)),
    ...argument(point?.reason, 4, recordField.reason.at),
    ...argument(point?.location, 8, recordField.location.at),
    ...(point?.location === undefined || symbolFormat === undefined ? [] : nameFunction(point.location, symbolFormat)),
    load(4, 1, packet, layout.packet.mark),
    store(4, stack, FRAME + recordField.mark.at, 1),
    load(4, 1, packet, layout.packet.length),
    store(4, stack, FRAME + recordField.length.at, 1),
  ];
}

/** `bpf_snprintf`: the kernel knows its functions best. */
function nameFunction(location: number, symbolFormat: number): Item[] {
  return [
    load(8, 1, context, location * 8),
    store(8, stack, ARGUMENT, 1),
    move(1, stack),
    addValue(1, FRAME + recordField.function.at),
    set(2, recordField.function.length),
    ...loadMapValue(3, symbolFormat),
    move(4, stack),
    addValue(4, ARGUMENT),
    set(5, 8),
    call(helper.format),
  ];
}

/** A packet that has just been made has no interface yet: then its socket says where it is. */
function describeDevice({ packet: at, device: own, socketNamespace, namespaceNumber }: KernelLayout): Item[] {
  return [
    load(8, device, packet, at.device),
    jumpEqual(device, 0, 'no device'),
    load(4, 1, device, own.index),
    store(4, stack, FRAME + recordField.deviceIndex.at, 1),
    move(3, device),
    addValue(3, own.name),
    ...readInto(recordField.deviceName),
    load(8, namespace, device, own.namespace),
    jump('namespace'),
    label('no device'),
    load(8, device, packet, at.socket),
    jumpEqual(device, 0, 'write'),
    load(8, namespace, device, socketNamespace),
    label('namespace'),
    jumpEqual(namespace, 0, 'write'),
    load(4, 1, namespace, namespaceNumber),
    store(4, stack, FRAME + recordField.namespace.at, 1),
  ];
}
