import { isDeepStrictEqual } from 'node:util';
import { addressOf } from '@fairlead/base';
import { configurationOf, type HostLease } from '@fairlead/dhcp';
import type { ByFamily } from '@fairlead/firewall';
import type { Endpoint, Lease, Network } from '../model.ts';
import type { NetworkState } from '../state.ts';

/** What is held on a LAN, by IP version. */
export type LanLeases = ByFamily<HostLease>;

/** Store what a container holds on a LAN now. */
export function noteLease(state: NetworkState, endpoint: Endpoint, network: Network, lan: LanLeases): void {
  const { owner, config, mac } = endpoint;
  state.addresses.adopt(network, owner, config, { ...addressesOf(lan), ...(mac && { mac }), lan });
}

/** An endpoint with what is held on its LAN; the same when nothing of it is another but its times. */
export function withLease(endpoint: Endpoint, lan: LanLeases): Endpoint {
  const { ipv4: _, ipv6: __, lan: before, ...rest } = endpoint;
  const told = configurationsOf(lan);
  return isDeepStrictEqual(before, told) ? endpoint : { ...rest, ...addressesOf(lan), lan: told };
}

function addressesOf({ ipv4, ipv6 }: LanLeases): Pick<Lease, 'ipv4' | 'ipv6'> {
  return { ...(ipv4 && { ipv4: addressOf(ipv4.address) }), ...(ipv6 && { ipv6: addressOf(ipv6.address) }) };
}

function configurationsOf({ ipv4, ipv6 }: LanLeases): NonNullable<Endpoint['lan']> {
  return { ...(ipv4 && { ipv4: configurationOf(ipv4) }), ...(ipv6 && { ipv6: configurationOf(ipv6) }) };
}
