import type { IpAddress } from '@fairlead/base';
import type { Endpoint } from '../model.ts';
import { hasNames } from '../name/dns-names.ts';
import type { ResolverEndpoint } from '../name-service-port.ts';
import type { NetworkState } from '../state.ts';
import type { BalancedService } from './service-model.ts';

/** What backends and names of services are looked up in. */
export type ServiceSurroundings = Pick<NetworkState, 'networks' | 'endpoints'>;

/** The endpoints on a network that get traffic for a service. */
export function backendsOn(
  { endpoints }: ServiceSurroundings,
  service: Pick<BalancedService, 'backends'>,
  network: string,
): readonly Endpoint[] {
  const backends = new Set(service.backends);
  return endpoints.onNetwork(network).filter(({ owner }) => backends.has(owner));
}

/**
 * What the name service answers for a service, as if it were one that is on each of its networks: its name and aliases lead
 * to its virtual address, or to every backend where it has none, and `tasks.NAME` to every backend. A service that has no
 * backend has no name.
 */
export function serviceNames(surroundings: ServiceSurroundings, service: BalancedService): ResolverEndpoint[] {
  return service.networks.flatMap(({ network: id, aliases, virtual }) => {
    const network = surroundings.networks.get(id);
    const backends = backendsOn(surroundings, service, id);
    if (network === undefined || !hasNames(network) || backends.length === 0) return [];
    const each = backends.flatMap(addressesOf);
    const place = { network: id, internal: network.internal };
    const answer = virtual === undefined ? each : addressesOf(virtual);
    return [
      collective({ ...place, id: `${service.id}/${id}`, containerName: service.name, aliases, addresses: answer }),
      collective({
        ...place,
        id: `${service.id}/${id}/tasks`,
        containerName: `tasks.${service.name}`,
        aliases: aliases.map((alias) => `tasks.${alias}`),
        addresses: each,
      }),
    ];
  });
}

function collective(
  record: Pick<ResolverEndpoint, 'id' | 'network' | 'internal' | 'containerName' | 'aliases' | 'addresses'>,
): ResolverEndpoint {
  return {
    ...record,
    shortId: '',
    hostname: '',
    links: [],
    gatewayPriority: 0,
    gatewayFamilies: 0,
    collective: true,
  };
}

function addressesOf({ ipv4, ipv6 }: { readonly ipv4?: IpAddress; readonly ipv6?: IpAddress }): IpAddress[] {
  return [ipv4, ipv6].filter((address) => address !== undefined);
}
