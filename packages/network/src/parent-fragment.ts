import type { InterfaceAddress } from '@fairlead/base';
import { parentEndpointObjects, parentNetworkObjects } from '@fairlead/drivers';
import type { KernelObject } from '@fairlead/netlink';
import { bandwidthOf } from './bandwidth.ts';
import type { Joined } from './gateway.ts';
import type { ParentSettings } from './model.ts';

/** What a macvlan or ipvlan network asks of the kernel: the parent that it made, if it made one. */
export function parentNetworkFragment({ made }: ParentSettings): KernelObject[] {
  return made === undefined ? [] : parentNetworkObjects(made);
}

/** What an endpoint on such a network asks of the kernel: its link with addresses and settings. */
export function parentEndpointFragment(
  { endpoint, network }: Joined,
  parent: ParentSettings,
  place: { readonly namespace: string; readonly link: string; readonly addresses: readonly InterfaceAddress[] },
): KernelObject[] {
  const { mac } = endpoint;
  return parentEndpointObjects({
    id: endpoint.id,
    namespace: place.namespace,
    interface: place.link,
    parent: parent.name,
    type: parent.type,
    addresses: place.addresses,
    bandwidth: bandwidthOf(network, endpoint.config),
    internal: network.internal,
    ...(mac && { mac }),
    ...(parent.mtu && { mtu: parent.mtu }),
  });
}
