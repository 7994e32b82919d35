import { type Item, jumpDifferent, jumpEqual, jumpEqual32, label, load, shiftRight } from '@fairlead/kernel/tracing';
import { COPY, held } from './program-frame.ts';

/** The beginning of every packet of ARP for IPv4 on Ethernet, as a load on this machine has it. */
const ARP = 0x0008_0100;
/** IPv6's next header and, right behind the header, ICMPv6's type. */
const neighborDiscovery = { protocolAt: 6, protocol: 58, typeAt: 40, types: [135, 136] } as const;
/** Of frames in VXLAN or Geneve over IPv4 and IPv6, and in GRE: where the type of the frame is. */
const frameTypePlaces = [48, 68, 36, 56] as const;
/** Types of frames as a load on this machine has them: ARP, IPv6. */
const frameType = { arp: 0x0608, ipv6: 0xdd86 } as const;

/**
 * To `hit` with a question or an answer about a neighbour, also one in a tunnel: who asks in vain is told why, so such
 * packets are of interest when they are dropped, whoever sent them.
 */
export function findNeighborPacket(): Item[] {
  const next = 'no neighbour';
  return [
    load(4, 1, held.stack, COPY),
    jumpEqual32(1, ARP, 'hit'),
    load(1, 1, held.stack, COPY),
    shiftRight(1, 4),
    jumpDifferent(1, 6, next),
    ...findDiscovery(COPY, next),
    label(next),
    ...frameTypePlaces.flatMap(findInFrame),
  ];
}

function findInFrame(place: number): Item[] {
  const next = `no frame at ${place}`;
  return [
    load(2, 1, held.stack, COPY + place),
    jumpEqual(1, frameType.arp, 'hit'),
    jumpDifferent(1, frameType.ipv6, next),
    ...findDiscovery(COPY + place + 2, next),
    label(next),
  ];
}

/** @param header where IPv6's begins. */
function findDiscovery(header: number, otherwise: string): Item[] {
  const { protocolAt, protocol, typeAt, types } = neighborDiscovery;
  return [
    load(1, 1, held.stack, header + protocolAt),
    jumpDifferent(1, protocol, otherwise),
    load(1, 1, held.stack, header + typeAt),
    ...types.map((type) => jumpEqual(1, type, 'hit')),
  ];
}
