import { familyOf, type InterfaceAddress, interfaceAddress, prefixFamily } from '@fairlead/base';
import { bridgeEndpointObjects, bridgeNetworkObjects, defaultRoutes, type Gateway } from '@fairlead/drivers';
import { dnsTable, networkElements, portMappingElements } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import { electGateways, gatewayOf, type Joined } from './gateway.ts';
import type { Endpoint, Network, Sandbox } from './model.ts';

/** What a network asks of the kernel: its bridge, and its place in the sets of the host's table. */
export function networkFragment(network: Network): KernelObject[] {
  const { bridge } = network;
  if (bridge === undefined) return [];
  const gateways = network.subnets.flatMap(({ subnet, gateway }) => (gateway ? [interfaceAddress(gateway, subnet)] : []));
  return [
    ...bridgeNetworkObjects({
      id: network.id,
      bridge: bridge.name,
      mac: bridge.mac,
      mtu: bridge.mtu,
      gateways,
      ipv6: network.ipv6,
      internal: network.internal,
      adopted: bridge.adopted,
    }),
    ...networkElements({
      bridge: bridge.name,
      internal: network.internal,
      masquerade: { ipv4: network.ipv4 && bridge.masquerade, ipv6: network.ipv6 && bridge.masquerade },
    }),
  ];
}

/** What an endpoint asks of the kernel: its veth pair and its addresses. */
export function endpointFragment({ endpoint, network }: Joined, namespace: string): KernelObject[] {
  const { bridge } = network;
  const { mac, hostMac, hostInterface } = endpoint;
  if (!bridge || !mac || !hostMac || !hostInterface || !endpoint.interface) return [];
  return bridgeEndpointObjects({
    id: endpoint.id,
    namespace,
    hostInterface,
    hostMac,
    interface: endpoint.interface,
    mac,
    mtu: bridge.mtu,
    bridge: bridge.name,
    addresses: endpointAddresses(endpoint, network),
  });
}

/** What a sandbox asks of the kernel beyond its endpoints: the namespace, the ways out, its name service and its ports. */
export function sandboxFragment(sandbox: Sandbox, joined: readonly Joined[]): KernelObject[] {
  const { namespace } = sandbox;
  if (namespace === '') return [];
  const election = electGateways(joined);
  return [
    { kind: 'namespace', namespace },
    ...(sandbox.resolver ? [{ kind: 'table', namespace, definition: dnsTable(sandbox.resolver) } as const] : []),
    ...defaultRoutes(namespace, { ipv4: wayOut(election.ipv4, 4), ipv6: wayOut(election.ipv6, 6) }),
    ...sandbox.mappings.flatMap((mapping) => {
      const ipv4 = familyOf(mapping.hostAddress) === 4;
      const containerAddress = ipv4 ? election.ipv4?.endpoint.ipv4 : election.ipv6?.endpoint.ipv6;
      return containerAddress === undefined ? [] : portMappingElements({ ...mapping, containerAddress });
    }),
  ];
}

/** Everything that a sandbox and its endpoints ask for. */
export function wholeSandboxFragment(sandbox: Sandbox, joined: readonly Joined[]): KernelObject[] {
  return [...sandboxFragment(sandbox, joined), ...joined.flatMap((item) => endpointFragment(item, sandbox.namespace))];
}

/** Addresses of an endpoint with the lengths of their subnets. */
export function endpointAddresses(endpoint: Endpoint, network: Network): InterfaceAddress[] {
  return [endpoint.ipv4, endpoint.ipv6].flatMap((address) => {
    if (address === undefined) return [];
    const config = network.subnets.find(({ subnet }) => prefixFamily(subnet) === familyOf(address));
    return config === undefined ? [] : [interfaceAddress(address, config.subnet)];
  });
}

function wayOut(joined: Joined | undefined, family: 4 | 6): Gateway | undefined {
  const via = joined && gatewayOf(joined, family);
  return via && joined.endpoint.interface ? { link: joined.endpoint.interface, via } : undefined;
}
