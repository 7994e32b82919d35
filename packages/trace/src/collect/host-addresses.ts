import { addressOf, type Family, type IpAddress, type MacAddress, parseIpAddress } from '@fairlead/base';
import type { OpenNamespace } from '@fairlead/kernel';
import { decodeAddress, dumpAddressesMessage, type LinkDetails } from '@fairlead/netlink';
import type { HostAddresses } from '../plan.ts';
import { askRoute } from './namespace-facts.ts';

/** Addresses that no host has (RFC 5737, RFC 3849): the route to one is the default route. */
export const anywhere: Readonly<Record<Family, IpAddress>> = {
  4: parseIpAddress('203.0.113.1'),
  6: parseIpAddress('2001:db8:ffff::1'),
};

/** The interface by which a host is reached. */
export interface Uplink {
  readonly name: string;
  readonly index: number;
  readonly mac: MacAddress | undefined;
  readonly address: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
}

/** The host's addresses and the interfaces with its default routes, as they are now. */
export function readHost(
  host: OpenNamespace,
): HostAddresses & { readonly device: (family: Family) => Uplink | undefined } {
  const links = host.links();
  const names = { linkName: (index: number) => links.find((link) => link.index === index)?.name };
  const addresses = host.route
    .execute('list addresses', dumpAddressesMessage())
    .flatMap((message) => decodeAddress(message, '', names)?.address ?? [])
    .map(addressOf);
  const uplinks = { 4: uplinkOf(host, links, 4), 6: uplinkOf(host, links, 6) };
  return {
    uplink: (family) => uplinks[family]?.address,
    gateway: (family) => uplinks[family]?.gateway,
    all: new Set(addresses),
    device: (family) => uplinks[family],
  };
}

function uplinkOf(host: OpenNamespace, links: readonly LinkDetails[], family: Family): Uplink | undefined {
  const { route } = askRoute(host, { destination: anywhere[family] });
  const link = links.find(({ index }) => index === route?.outgoing);
  if (route?.type !== 'unicast' || link === undefined) return undefined;
  const { name, index, mac } = link;
  return { name, index, mac, address: route.source, gateway: route.gateway };
}
