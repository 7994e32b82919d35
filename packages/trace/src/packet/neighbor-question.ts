import {
  ByteWriter,
  type ClassicInstruction,
  classicOpcode,
  type Family,
  familyOf,
  type IpAddress,
  internetChecksum,
  ipToBytes,
  type MacAddress,
  macToBytes,
  wholePacket,
} from '@fairlead/base';

/** Who asks, and for whose hardware address. */
export interface NeighborQuestion {
  readonly mac: MacAddress;
  readonly source: IpAddress;
  readonly target: IpAddress;
}

/** Ethernet types of ARP and IPv6. */
export const questionTypes: Readonly<Record<Family, number>> = { 4: 0x0806, 6: 0x86dd };

const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const ICMPV6 = 58;
/** RFC 4861, 4.3 and 4.6.1. */
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOURCE_LINK_LAYER_ADDRESS = 1;
/** Solicited-node addresses but for their last three bytes (RFC 4291, 2.7.1), and their Ethernet addresses' (RFC 2464). */
const GROUP = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff);
const GROUP_MAC = Uint8Array.of(0x33, 0x33, 0xff);

/** The Ethernet frame that asks everybody on a link who has an address: of ARP (RFC 826) or of neighbour discovery. */
export function questionFrame(question: NeighborQuestion): Uint8Array {
  return familyOf(question.target) === 4 ? arpFrame(question) : solicitationFrame(question);
}

function arpFrame({ mac, source, target }: NeighborQuestion): Uint8Array {
  const own = macToBytes(mac);
  const writer = new ByteWriter().bytes(BROADCAST).bytes(own).u16be(questionTypes[4]);
  writer.u16be(1).u16be(0x0800).u8(6).u8(4).u16be(1);
  return writer.bytes(own).bytes(ipToBytes(source)).zeros(6).bytes(ipToBytes(target)).finish().slice();
}

function solicitationFrame({ mac, source, target }: NeighborQuestion): Uint8Array {
  const [own, from, to] = [macToBytes(mac), ipToBytes(source), ipToBytes(target)];
  const end = to.subarray(13);
  const group = new ByteWriter().bytes(GROUP).bytes(end).finish().slice();
  const message = (sum: number) => {
    const writer = new ByteWriter().u8(SOLICITATION).u8(0).u16be(sum).u32be(0).bytes(to);
    return writer.u8(SOURCE_LINK_LAYER_ADDRESS).u8(1).bytes(own).finish().slice();
  };
  const unsummed = message(0);
  const pseudo = new ByteWriter().bytes(from).bytes(group).u32be(unsummed.length).u32be(ICMPV6).finish().slice();
  const writer = new ByteWriter().bytes(GROUP_MAC).bytes(end).bytes(own).u16be(questionTypes[6]);
  writer.u32be(0x6000_0000).u16be(unsummed.length).u8(ICMPV6).u8(255).bytes(from).bytes(group);
  return writer
    .bytes(message(internetChecksum([pseudo, unsummed])))
    .finish()
    .slice();
}

/** Bytes of an Ethernet header. */
export const ETHERNET = 14;

/** Frames that may be answers: for a socket that gets those of the family's Ethernet type only. */
export function answerFilter(family: Family): ClassicInstruction[] {
  const instruction = (code: number, k: number, jf = 0): ClassicInstruction => ({ code, jt: 0, jf, k });
  const take = instruction(classicOpcode.return, wholePacket);
  if (family === 4) return [take];
  return [
    instruction(classicOpcode.loadByte, ETHERNET + 6),
    instruction(classicOpcode.ifEqual, ICMPV6, 3),
    instruction(classicOpcode.loadByte, ETHERNET + 40),
    instruction(classicOpcode.ifEqual, ADVERTISEMENT, 1),
    take,
    instruction(classicOpcode.return, 0),
  ];
}
