import {
  type Family,
  familyBits,
  familyOf,
  type InterfaceAddress,
  type IpAddress,
  interfaceAddress,
  networkOf,
  prefixContains,
  prefixOf,
} from '@fairlead/base';
import type { HostConfiguration } from '@fairlead/dhcp';
import { sysctlName } from '@fairlead/drivers';
import type { KernelObject, RouteObject } from '@fairlead/netlink';
import type { Endpoint, Network } from '../model.ts';
import type { Joined } from '../route/gateway.ts';
import { isLan } from './lan-network.ts';

/** The addresses that a LAN has given to an endpoint. */
export function lanAddresses({ lan }: Endpoint): InterfaceAddress[] {
  return configurations(lan).map(({ address }) => address);
}

/** Octets of a packet on the LAN, where its servers say so: the fewest that either family has. */
export function lanMtu({ lan }: Endpoint): number | undefined {
  const mtus = configurations(lan).flatMap(({ mtu }) => mtu ?? []);
  return mtus.length > 0 ? Math.min(...mtus) : undefined;
}

/** Name servers of LANs, in order. Those of the link itself are left out: another namespace cannot say which link is meant. */
export function lanNameServers(joined: readonly Joined[]): string[] {
  const servers = joined.flatMap(({ endpoint }) =>
    configurations(endpoint.lan).flatMap(({ nameServers }) => nameServers),
  );
  return [...new Set(servers)].filter((server) => !server.startsWith('fe80:'));
}

/** Domains of LANs in which short names are looked for, in order. */
export function lanSearch(endpoints: readonly Endpoint[]): string[] {
  return [...new Set(endpoints.flatMap(({ lan }) => configurations(lan).flatMap(({ search }) => search)))];
}

/**
 * Routes that a LAN wants, unless the network leads nowhere: what is on the link before what is reached by it; and those to
 * routers of other subnets.
 */
export function lanRoutes({ endpoint, network }: Joined, namespace: string): RouteObject[] {
  const { interface: link, lan } = endpoint;
  if (link === undefined || network.internal) return [];
  const routes = configurations(lan).flatMap((configuration) => [
    ...routersElsewhere(configuration).map((router) => ({
      destination: prefixOf(router, familyBits(familyOf(router))),
    })),
    ...configuration.routes,
  ]);
  const ordered = routes.toSorted((a, b) => Number('via' in a) - Number('via' in b));
  return ordered.map((route): RouteObject => {
    const scope = !('via' in route) && !route.destination.includes(':') ? { scope: 'link' as const } : {};
    return { kind: 'route', namespace, link, ...route, ...scope };
  });
}

/**
 * Settings of an endpoint on a LAN, which have to be made before its link comes up. What routers say is our own to hear, so
 * that the kernel does not make addresses and routes beside ours; the link-local address is used at once, for it asks for
 * the others. A second address of a subnet stays when the first one goes.
 */
export function lanSettings({ endpoint, network }: Joined, namespace: string): KernelObject[] {
  const { interface: link } = endpoint;
  if (link === undefined || !isLan(network)) return [];
  const name = sysctlName(link);
  const setting = (key: string, value: string): KernelObject => ({ kind: 'sysctl', namespace, key, value });
  const ipv6 = [setting(`net.ipv6.conf.${name}.accept_ra`, '0'), setting(`net.ipv6.conf.${name}.accept_dad`, '0')];
  return [setting(`net.ipv4.conf.${name}.promote_secondaries`, '1'), ...(network.ipv6 ? ipv6 : [])];
}

/** The address of an endpoint with its length: of the subnet that it is of, or as its LAN says. */
export function addressWithLength(endpoint: Endpoint, network: Network, family: Family): InterfaceAddress | undefined {
  if (isLan(network)) return endpoint.lan?.[`ipv${family}`]?.address;
  const address = endpoint[`ipv${family}`];
  const subnet = address && network.subnets.find((config) => prefixContains(config.subnet, address))?.subnet;
  return address && subnet && interfaceAddress(address, subnet);
}

function configurations(lan: Endpoint['lan']): HostConfiguration[] {
  return [lan?.ipv4, lan?.ipv6].filter((configuration) => configuration !== undefined);
}

/** Routers that no subnet leads to; link-local ones are always there. */
function routersElsewhere({ address, gateway, routes }: HostConfiguration): IpAddress[] {
  const routers = new Set([gateway, ...routes.map(({ via }) => via)].filter((router) => router !== undefined));
  const onLink = [
    networkOf(address),
    ...routes.flatMap(({ destination, via }) => (via === undefined ? destination : [])),
  ];
  return [...routers].filter(
    (router) => !router.startsWith('fe80:') && !onLink.some((prefix) => prefixContains(prefix, router)),
  );
}
