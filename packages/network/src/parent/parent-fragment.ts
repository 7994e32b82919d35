import { addressOf, type InterfaceAddress } from '@fairlead/base';
import { hostLinkObjects, hostRouteObjects, parentEndpointObjects, parentNetworkObjects } from '@fairlead/drivers';
import { networkElements } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import { endpointAddresses } from '../address/endpoint-addresses.ts';
import { bandwidthOf } from '../endpoint/bandwidth.ts';
import { lanMtu } from '../lan/lan-fragment.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Network, ParentSettings } from '../model.ts';
import type { Joined } from '../route/gateway.ts';

/** What a macvlan or ipvlan network asks of the kernel: the parent that it made, if it made one, and the host's link. */
export function parentNetworkFragment({ id, internal }: Network, parent: ParentSettings): KernelObject[] {
  const { made, host, name, type, mtu } = parent;
  return [
    ...(made === undefined ? [] : parentNetworkObjects(made)),
    ...(host === undefined ? [] : hostLinkObjects(host, { id, parent: name, type, ...(mtu && { mtu }) })),
    // The host is no way out of an internal network, by whatever routes.
    ...(host === undefined || !internal ? [] : networkElements({ bridge: host.name, internal, masquerade: {} })),
  ];
}

/** What an endpoint on such a network asks of the kernel: its link with addresses and settings. */
export function parentEndpointFragment(
  { endpoint, network }: Joined,
  parent: ParentSettings,
  place: { readonly namespace: string; readonly link: string; readonly addresses: readonly InterfaceAddress[] },
): KernelObject[] {
  const { mac } = endpoint;
  const addresses = endpointAddresses(endpoint, network).map(addressOf);
  const mtu = parent.mtu ?? lanMtu(endpoint);
  const link = parentEndpointObjects({
    id: endpoint.id,
    namespace: place.namespace,
    interface: place.link,
    parent: parent.name,
    type: parent.type,
    addresses: place.addresses,
    bandwidth: bandwidthOf(network, endpoint.config),
    internal: network.internal,
    ...(mac && { mac }),
    ...(mtu && { mtu }),
    ...(isLan(network) && { ipv6: network.ipv6 }),
  });
  return parent.host === undefined ? link : [...link, ...hostRouteObjects(parent.host, addresses)];
}
