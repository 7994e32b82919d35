import {
  addressOf,
  type ClassicInstruction,
  type Family,
  ipToBytes,
  macToBytes,
  classicOpcode as op,
  type Prefix,
  prefixFamily,
  prefixLength,
  wholePacket,
} from '@fairlead/base';
import type { Filter, FilterSide, PortedProtocol } from './filter.ts';
import { FilterAssembler, type Label } from './filter-assembler.ts';

/** SKF_NET_OFF: from the network header, whatever is before it. */
const NETWORK = -0x100000;
/** SKF_AD_OFF + SKF_AD_PROTOCOL: the Ethernet type, with a VLAN tag passed over. */
const ETHER_TYPE = -0x1000;
/** SKF_LL_OFF: from the header of the link. */
const LINK = -0x200000;
/** SKF_AD_OFF with SKF_AD_HATYPE, SKF_AD_VLAN_TAG and SKF_AD_VLAN_TAG_PRESENT: what the kernel keeps beside the packet. */
const HARDWARE = -0x1000 + 28;
const TAG = -0x1000 + 44;
const HAS_TAG = -0x1000 + 48;
/** ARPHRD_ETHER, ARPHRD_LOOPBACK: links with Ethernet's header. */
const ethernets = [1, 772] as const;
/** 802.1Q, 802.1ad, and what was used for the latter before. */
const tagTypes = [0x8100, 0x88a8, 0x9100] as const;
/** Where Ethernet's type is, the tag behind it, and the type behind that. */
const [TYPE_AT, TAG_AT, INNER_TYPE_AT] = [12, 14, 16] as const;
const TAG_NUMBER = 0x0fff;

const etherTypes = { 4: 0x0800, 6: 0x86dd, arp: 0x0806 } as const;
const protocolNumbers: Readonly<Record<PortedProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/**
 * The program that the kernel runs for each packet.
 *
 * @param snapLength bytes of each packet that are wanted; 0 means all.
 * @throws FairleadError `invalid-argument` for a filter that is too long.
 */
export function compileFilter(filter: Filter | undefined, snapLength = 0): ClassicInstruction[] {
  const program = new FilterAssembler();
  const [wanted, unwanted]: [Label, Label] = [{}, {}];
  if (filter !== undefined) new FilterCompiler(program, asksForTags(filter)).test(filter, wanted, unwanted);
  program.place(wanted);
  program.emit(op.return, snapLength === 0 ? wholePacket : snapLength);
  program.place(unwanted);
  if (filter !== undefined) program.emit(op.return, 0);
  return program.finish();
}

function asksForTags(filter: Filter): boolean {
  if (filter.kind === 'not') return asksForTags(filter.filter);
  return filter.kind === 'vlan' || ('filters' in filter && filter.filters.some(asksForTags));
}

/** What each word of a filter asks of a packet. */
class FilterCompiler {
  readonly #program: FilterAssembler;
  /** A tag may be beside the packet or in it: most interfaces take it off, and none puts it in before it has to. */
  readonly #seesTags: boolean;

  constructor(program: FilterAssembler, seesTags: boolean) {
    this.#program = program;
    this.#seesTags = seesTags;
  }

  /** Go on at one label or at the other. */
  test(filter: Filter, yes: Label, no: Label): void {
    switch (filter.kind) {
      case 'not':
        this.test(filter.filter, no, yes);
        return;
      case 'and':
      case 'or':
        this.#program.each(filter.filters, filter.kind, (part, ...labels) => this.test(part, ...labels), [yes, no]);
        return;
      case 'protocol':
        this.#protocol(filter.name, yes, no);
        return;
      case 'net':
        this.#program.each(filter.prefixes, 'or', (prefix, ...labels) => this.#net(prefix, filter.side, ...labels), [
          yes,
          no,
        ]);
        return;
      case 'port':
        this.#port(filter, yes, no);
        return;
      case 'ether':
        this.#ether(filter, yes, no);
        return;
      case 'length':
        this.#program.emit(op.loadLength, 0);
        if (filter.bound === 'least') this.#program.compare(op.ifAtLeast, filter.bytes, yes, no);
        else this.#program.compare(op.ifGreater, filter.bytes, no, yes);
        return;
      case 'vlan':
        this.#vlan(filter.id, yes, no);
        return;
      default:
        return filter satisfies never;
    }
  }

  #protocol(name: Extract<Filter, { kind: 'protocol' }>['name'], yes: Label, no: Label): void {
    if (name === 'ip') return this.#isType(4, yes, no);
    if (name === 'ip6') return this.#isType(6, yes, no);
    if (name === 'arp') return this.#isType('arp', yes, no);
    if (name === 'icmp') return this.#carries(4, [1], yes, no);
    if (name === 'icmp6') return this.#carries(6, [58], yes, no);
    const numbers = [protocolNumbers[name]];
    this.#program.each([4, 6] as const, 'or', (family, ...labels) => this.#carries(family, numbers, ...labels), [
      yes,
      no,
    ]);
  }

  #isType(type: Family | 'arp', yes: Label, no: Label): void {
    this.#program.emit(op.loadHalf, ETHER_TYPE);
    if (!this.#seesTags) return this.#program.compare(op.ifEqual, etherTypes[type], yes, no);
    const [other, isTagged]: [Label, Label] = [{}, {}];
    this.#program.compare(op.ifEqual, etherTypes[type], yes, other);
    this.#program.place(other);
    this.#program.each(tagTypes, 'or', (each, ...labels) => this.#program.compare(op.ifEqual, each, ...labels), [
      isTagged,
      no,
    ]);
    this.#program.place(isTagged);
    this.#program.emit(op.loadHalf, LINK + INNER_TYPE_AT);
    this.#program.compare(op.ifEqual, etherTypes[type], yes, no);
  }

  #isEthernet(yes: Label, no: Label): void {
    this.#program.emit(op.loadHalf, HARDWARE);
    this.#program.each(ethernets, 'or', (each, ...labels) => this.#program.compare(op.ifEqual, each, ...labels), [
      yes,
      no,
    ]);
  }

  #ether({ side, address }: Extract<Filter, { kind: 'ether' }>, yes: Label, no: Label): void {
    const isEthernet: Label = {};
    this.#isEthernet(isEthernet, no);
    this.#program.place(isEthernet);
    const bytes = macToBytes(address);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isAt = (at: number, then: Label, otherwise: Label) => {
      const next: Label = {};
      this.#program.emit(op.loadWord, LINK + at + 2);
      this.#program.compare(op.ifEqual, view.getUint32(2), next, otherwise);
      this.#program.place(next);
      this.#program.emit(op.loadHalf, LINK + at);
      this.#program.compare(op.ifEqual, view.getUint16(0), then, otherwise);
    };
    const [destination, source] = [0, 6];
    const places = side === 'either' ? [source, destination] : [side === 'src' ? source : destination];
    this.#program.each(places, 'or', isAt, [yes, no]);
  }

  /** The tag beside the packet, or else that in it. */
  #vlan(id: number | undefined, yes: Label, no: Label): void {
    const [isBeside, notBeside, isEthernet, isInside]: [Label, Label, Label, Label] = [{}, {}, {}, {}];
    this.#program.emit(op.loadHalf, HAS_TAG);
    this.#program.compare(op.ifEqual, 0, notBeside, isBeside);
    this.#program.place(isBeside);
    this.#isNumbered(TAG, id, yes, no);
    this.#program.place(notBeside);
    this.#isEthernet(isEthernet, no);
    this.#program.place(isEthernet);
    this.#program.emit(op.loadHalf, LINK + TYPE_AT);
    this.#program.each(tagTypes, 'or', (each, ...labels) => this.#program.compare(op.ifEqual, each, ...labels), [
      isInside,
      no,
    ]);
    this.#program.place(isInside);
    this.#isNumbered(LINK + TAG_AT, id, yes, no);
  }

  #isNumbered(place: number, id: number | undefined, yes: Label, no: Label): void {
    if (id === undefined) return this.#program.always(yes);
    this.#program.emit(op.loadHalf, place);
    this.#program.emit(op.and, TAG_NUMBER);
    this.#program.compare(op.ifEqual, id, yes, no);
  }

  /** IP of a family with one of these protocols. Headers between IPv6's and the transport's are not passed over. */
  #carries(family: Family, numbers: readonly number[], yes: Label, no: Label): void {
    const isFamily: Label = {};
    this.#isType(family, isFamily, no);
    this.#program.place(isFamily);
    this.#program.emit(op.loadByte, NETWORK + (family === 4 ? 9 : 6));
    this.#program.each(numbers, 'or', (number, ...labels) => this.#program.compare(op.ifEqual, number, ...labels), [
      yes,
      no,
    ]);
  }

  #net(prefix: Prefix, side: FilterSide, yes: Label, no: Label): void {
    const family = prefixFamily(prefix);
    const [source, destination] = family === 4 ? [12, 16] : [8, 24];
    this.#places(family, [source, destination], prefix, side, yes, family === 4 ? undefined : no);
    if (family === 6) return;
    // Who is asked for, and who asks.
    this.#places('arp', [14, 24], prefix, side, yes, no);
  }

  /** @param no where to go on when it is none of these; the next instruction when absent. */
  #places(
    type: Family | 'arp',
    [source, destination]: readonly [number, number],
    prefix: Prefix,
    side: FilterSide,
    yes: Label,
    no: Label | undefined,
  ): void {
    const next: Label = {};
    const otherwise = no ?? next;
    const isType: Label = {};
    this.#isType(type, isType, otherwise);
    this.#program.place(isType);
    const offsets = side === 'either' ? [source, destination] : [side === 'src' ? source : destination];
    this.#program.each(offsets, 'or', (at, ...labels) => this.#address(prefix, at, ...labels), [yes, otherwise]);
    this.#program.place(next);
  }

  #address(prefix: Prefix, at: number, yes: Label, no: Label): void {
    const bytes = ipToBytes(addressOf(prefix));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const bits = prefixLength(prefix);
    const words = Array.from({ length: Math.ceil(bits / 32) }, (_, index) => index);
    if (words.length === 0) return this.#program.always(yes);
    const word = (index: number, then: Label, otherwise: Label) => {
      const left = bits - index * 32;
      this.#program.emit(op.loadWord, NETWORK + at + index * 4);
      if (left < 32) this.#program.emit(op.and, (0xffff_ffff << (32 - left)) >>> 0);
      this.#program.compare(op.ifEqual, view.getUint32(index * 4), then, otherwise);
    };
    this.#program.each(words, 'and', word, [yes, no]);
  }

  #port({ side, first, last, protocols }: Extract<Filter, { kind: 'port' }>, yes: Label, no: Label): void {
    const numbers = protocols.map((protocol) => protocolNumbers[protocol]);
    const offsets = side === 'either' ? [0, 2] : [side === 'src' ? 0 : 2];
    const inFamily = (family: Family, then: Label, otherwise: Label) => {
      const carries: Label = {};
      this.#carries(family, numbers, carries, otherwise);
      this.#program.place(carries);
      if (family === 4) this.#passHeader(otherwise);
      const compare = (offset: number, ...labels: [Label, Label]) => {
        if (family === 4) this.#program.emit(op.loadHalfIndexed, NETWORK + offset);
        else this.#program.emit(op.loadHalf, NETWORK + 40 + offset);
        this.#isWithin(first, last, ...labels);
      };
      this.#program.each(offsets, 'or', compare, [then, otherwise]);
    };
    this.#program.each([4, 6] as const, 'or', inFamily, [yes, no]);
  }

  #isWithin(first: number, last: number, yes: Label, no: Label): void {
    if (first === last) return this.#program.compare(op.ifEqual, first, yes, no);
    const next: Label = {};
    this.#program.compare(op.ifAtLeast, first, next, no);
    this.#program.place(next);
    this.#program.compare(op.ifGreater, last, no, yes);
  }

  /** Only the first fragment has ports; the index becomes the length of IPv4's header. */
  #passHeader(otherwise: Label): void {
    const isFirst: Label = {};
    this.#program.emit(op.loadHalf, NETWORK + 6);
    this.#program.compare(op.ifAnyBit, 0x1fff, otherwise, isFirst);
    this.#program.place(isFirst);
    this.#program.emit(op.loadHeaderLength, NETWORK);
  }
}
