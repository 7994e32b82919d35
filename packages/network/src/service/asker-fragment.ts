import { serviceTable, virtualElements } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import type { Sandbox } from '../model.ts';
import type { NetworkState } from '../state.ts';
import { backendsOn } from './service-names.ts';

/** What {@link askerFragment} looks into. */
export type AskerSurroundings = Pick<NetworkState, 'networks' | 'endpoints' | 'services'>;

/**
 * What a sandbox asks of the kernel to reach services by their virtual addresses: nothing as long as no service has one on
 * its networks. By the ingress network nobody asks: ports are translated on the host.
 */
export function askerFragment(state: AskerSurroundings, { id, namespace }: Sandbox): KernelObject[] {
  if (namespace === '') return [];
  const joined = new Set(
    state.endpoints
      .inSandbox(id)
      .map(({ network }) => network)
      .filter((network) => state.networks.get(network)?.ingress !== true),
  );
  const elements = [...state.services].flatMap((service) =>
    service.networks.flatMap(({ network, virtual }) => {
      if (virtual === undefined || !joined.has(network)) return [];
      const backends = backendsOn(state, service, network).flatMap(({ ipv4, ipv6 }) =>
        [ipv4, ipv6].filter((address) => address !== undefined),
      );
      const addresses = [virtual.ipv4, virtual.ipv6].filter((address) => address !== undefined);
      return addresses.flatMap((address) => virtualElements(namespace, address, backends));
    }),
  );
  return elements.length === 0 ? [] : [{ kind: 'table', namespace, definition: serviceTable }, ...elements];
}
