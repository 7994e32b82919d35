import { createHash } from 'node:crypto';
import {
  type IpAddress,
  ipToBytes,
  localMacAddress,
  type MacAddress,
  macFromBytes,
  parseMacAddress,
} from '@fairlead/base';
import type { EndpointConfig, Network } from '../model.ts';

/**
 * The hardware address of a container's link: the one asked for, else one that goes with its addresses.
 *
 * @returns `undefined` where the link has its parent's, or what a plugin gives it.
 * @throws FairleadError `invalid-argument` for one that cannot be read.
 */
export function macOf(
  network: Network,
  { macAddress }: EndpointConfig,
  ipv4: IpAddress | undefined,
  ipv6: IpAddress | undefined,
): MacAddress | undefined {
  if (macAddress) return parseMacAddress(macAddress);
  // A plugin gives its interfaces the address that suits it.
  if (hasParentsMac(network) || network.remote !== undefined) return undefined;
  if (network.driver === 'macvlan' && ipv4 === undefined && ipv6 !== undefined) return digestMac(ipv6);
  return macFor(ipv4 ?? ipv6);
}

/** In mode passthru another one would become the parent's, too, and the host's card is no container's to change unasked. */
function hasParentsMac({ parent }: Network): boolean {
  return parent?.type.kind === 'ipvlan' || parent?.type.mode === 'passthru';
}

/**
 * As {@link macFor}, of the whole address: links of macvlan share the wire with those of other networks and other hosts,
 * where the last four bytes of an IPv6 address are nobody's own. The kernel brings up no two with one hardware address.
 */
function digestMac(address: IpAddress): MacAddress {
  return localMacAddress(createHash('sha256').update(ipToBytes(address)).digest().subarray(0, 6));
}

/**
 * The hardware address that goes with an address: `02:42` and its last four bytes, as Docker made them before version 28.
 *
 * Whoever gets an address after another one gets its hardware address, too. With a random one the host and the neighbours
 * would go on sending to the one before, for as long as their neighbour caches hold it reachable.
 */
function macFor(address: IpAddress | undefined): MacAddress {
  return address === undefined ? randomMac() : macFromBytes(Uint8Array.of(0x02, 0x42, ...ipToBytes(address).slice(-4)));
}

/** A fresh locally administered address. */
export function randomMac(): MacAddress {
  return localMacAddress(crypto.getRandomValues(new Uint8Array(6)));
}
