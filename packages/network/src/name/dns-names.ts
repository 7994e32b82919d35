import { shortIdentifier } from '@fairlead/base';
import type { Endpoint, Network } from '../model.ts';
import type { ResolverNetwork } from '../name-service-port.ts';
import { GATEWAY_NETWORK } from '../route/gateway.ts';
import { dnsService } from './dns-options.ts';

/** Networks whose containers do not find each other by name. */
const nameless: readonly string[] = ['bridge', GATEWAY_NETWORK];

/** True when containers on this network find each other by name: every network but those that nobody has asked for, and the
 * one by which services are reached. */
export function hasNames(network: Network): boolean {
  if (network.ingress) return false;
  return network.driver !== 'host' && network.driver !== 'null' && !nameless.includes(network.name);
}

/**
 * True when a container on these networks asks its name service by IPv6: it has nothing else. IPv4 on the loopback
 * interface it has, but it need not know.
 */
export function asksByIpv6(networks: readonly Network[]): boolean {
  return networks.some(hasNames) && networks.every(({ ipv4 }) => !ipv4);
}

/** What the name service is told of a network. */
export function namedNetwork({ id, name, options, records = [] }: Network): ResolverNetwork {
  const ignoresHealth = !dnsService(options).health;
  return { id, name, ...(records.length > 0 && { records }), ...(ignoresHealth && { ignoresHealth }) };
}

/** Names of an endpoint on its network, in the order of `DNSNames`: container, aliases, short id, hostname; no doubles. */
export function dnsNames(endpoint: Endpoint): string[] {
  const aliases = endpoint.config.aliases ?? [];
  return [...new Set([endpoint.ownerName, ...aliases, shortIdentifier(endpoint.owner), endpoint.hostname])];
}

/** `container:alias`, or a bare name that is its own alias. */
export function parseLink(link: string): { readonly target: string; readonly alias: string } {
  const [target = '', alias = target] = link.split(':');
  return { target, alias };
}
