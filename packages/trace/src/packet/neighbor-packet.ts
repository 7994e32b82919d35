import { type Family, type IpAddress, ipFromBytes } from '@fairlead/base';

/** Somebody asks on the wire who has an address, or says so. */
export interface NeighborPacket {
  readonly family: Family;
  readonly kind: 'question' | 'answer';
  /** The address that is asked for. */
  readonly target: IpAddress;
}

/** Ethernet and IPv4, the only kinds of ARP there are (RFC 826). */
const arpStart = [0, 1, 8, 0, 6, 4, 0];
const ICMPV6 = 58;
/** Neighbour solicitation and advertisement (RFC 4861). */
const ndTypes: Readonly<Record<number, NeighborPacket['kind']>> = { 135: 'question', 136: 'answer' };
/** Bytes from the beginning of the IPv6 header. */
const nd = { protocol: 6, type: 40, target: 48 } as const;

/** Read a packet of ARP or of IPv6's neighbour discovery; `undefined` for all others. */
export function readNeighborPacket(bytes: Uint8Array): NeighborPacket | undefined {
  if (arpStart.every((byte, index) => bytes[index] === byte) && bytes.length >= 28) {
    // An answer comes from the one who has the address.
    return bytes[7] === 1
      ? { family: 4, kind: 'question', target: ipFromBytes(bytes.subarray(24, 28)) }
      : { family: 4, kind: 'answer', target: ipFromBytes(bytes.subarray(14, 18)) };
  }
  const kind = ndTypes[bytes[nd.type] ?? 0];
  if ((bytes[0] ?? 0) >> 4 !== 6 || bytes[nd.protocol] !== ICMPV6 || kind === undefined) return undefined;
  return { family: 6, kind, target: ipFromBytes(bytes.subarray(nd.target, nd.target + 16)) };
}
