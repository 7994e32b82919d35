import type { PacketMark } from '@fairlead/netlink/tracing';

/**
 * Where the packet begins in one that carries it, from the transport header: behind that of UDP, VXLAN's or Geneve's and
 * Ethernet's; behind GRE's with and without a key, and Ethernet's.
 */
const beginnings: Readonly<Record<string, readonly number[]>> = {
  vxlan: [30],
  geneve: [30],
  gre: [4, 8],
  ip6gre: [4, 8],
  gretap: [18, 22],
  ip6gretap: [18, 22],
  ipip: [0],
  sit: [0],
  ip6tnl: [0],
};
/** Where the tag is in the packet itself: of IPv4 and of IPv6, as TCP's sequence number and one word behind that. */
const inside = [24, 28, 44, 48] as const;

/**
 * Where rules look for a tag: the places of `tagPlaces`, counted from the transport header, with ICMP's errors about either IP
 * version.
 *
 * @param tunnels kinds of those whose packets may carry the probe.
 */
export function marksOf(tag: number, tunnels: readonly string[]): PacketMark[] {
  const bytes = Uint8Array.of(tag >>> 24, tag >>> 16, tag >>> 8);
  const carried = tunnels.flatMap((kind) => beginnings[kind] ?? []).flatMap((at) => inside.map((place) => at + place));
  return [...new Set([4, 8, 32, 36, 52, 56, ...carried])].map((offset) => ({ offset, bytes }));
}
