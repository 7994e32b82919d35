import { type InterfaceAddress, interfaceAddress, nameServerAddress, prefixFamily, prefixOf } from '@fairlead/base';
import {
  bridgeEndpointObjects,
  bridgeNetworkObjects,
  bridgeSegmentObjects,
  defaultRoutes,
  type Gateway,
  movedEndpointObjects,
} from '@fairlead/drivers';
import { type DnsTableOptions, dnsTables, networkElements, openBridgeGroup } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import { endpointAddresses, linkLocalAddresses } from '../address/endpoint-addresses.ts';
import { bridgeOf, segmentNamesOf, segmentsOf } from '../bridge/segments.ts';
import { antispoofFragment } from '../endpoint/antispoof.ts';
import { bandwidthOf } from '../endpoint/bandwidth.ts';
import { endpointSysctls } from '../endpoint/endpoint-sysctls.ts';
import { lanMtu, lanRoutes, lanSettings } from '../lan/lan-fragment.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Network, Sandbox } from '../model.ts';
import { parentEndpointFragment, parentNetworkFragment } from '../parent/parent-fragment.ts';
import { publishedFragment, routedFragment } from '../port/published-fragment.ts';
import { electGateways, type Joined, portGateways, remoteRoutes, wayOutOf } from '../route/gateway.ts';

/** What a network asks of the kernel: its bridge and its place in the sets of the host's table, or its parent. */
export function networkFragment(network: Network): KernelObject[] {
  const { bridge, parent, internal } = network;
  if (parent !== undefined) return parentNetworkFragment(network, parent);
  // A bridge that a LAN's interface is in is the host's own way out: it is left as it is.
  if (bridge === undefined || isLan(network)) return [];
  const segments = segmentsOf(network);
  return [
    ...bridgeNetworkObjects({
      id: network.id,
      bridge: bridge.name,
      mac: bridge.mac,
      mtu: bridge.mtu,
      gateways: bridgeAddresses(network),
      ipv6: network.ipv6,
      forwards: !internal && network.leavesForwarding !== true,
      adopted: bridge.adopted,
      ...(!internal && { group: openBridgeGroup }),
    }),
    ...segments.flatMap(bridgeSegmentObjects),
    ...networkElements({
      bridge: bridge.name,
      segments: segmentNamesOf(network).map((names) => names.bridge),
      internal,
      masquerade: { ipv4: network.ipv4 && bridge.masquerade, ipv6: network.ipv6 && bridge.masquerade },
      icc: bridge.icc ?? true,
      trustedInterfaces: bridge.trustedInterfaces ?? [],
      ...(bridge.gatewayModes && { mode: bridge.gatewayModes }),
      ...(bridge.sources && { source: bridge.sources }),
    }),
  ];
}

/** What an endpoint asks of the kernel: its veth pair, or its link on a parent, with addresses and settings. */
export function endpointFragment(joined: Joined, namespace: string): KernelObject[] {
  const { endpoint, network } = joined;
  const { interface: link } = endpoint;
  if (link === undefined) return [];
  const addresses = [...endpointAddresses(endpoint, network), ...linkLocalAddresses(endpoint)];
  const place = { namespace, link, addresses };
  const settings = endpointSysctls(endpoint.config, link);
  return [
    ...linkObjects(joined, place),
    ...lanSettings(joined, namespace),
    ...settings.map((setting): KernelObject => ({ kind: 'sysctl', namespace, ...setting })),
  ];
}

/** Where an endpoint is inside its sandbox. */
interface Place {
  readonly namespace: string;
  readonly link: string;
  readonly addresses: readonly InterfaceAddress[];
}

function linkObjects(joined: Joined, place: Place): KernelObject[] {
  const { parent, remote } = joined.network;
  if (parent !== undefined) return parentEndpointFragment(joined, parent, place);
  return remote === undefined ? bridged(joined, place) : moved(joined, place);
}

/** A plugin has made the interface: it is brought in. */
function moved({ endpoint }: Joined, { namespace, link, addresses }: Place): KernelObject[] {
  const { id, mac, remote } = endpoint;
  if (remote?.source === undefined) return [];
  const { source } = remote;
  const routes = remoteRoutes(endpoint);
  return movedEndpointObjects({ id, namespace, interface: link, source, ...(mac && { mac }), addresses, routes });
}

function bridged({ endpoint, network }: Joined, place: Place): KernelObject[] {
  const { id, mac, hostMac, hostInterface } = endpoint;
  const { bridge } = network;
  if (!bridge || !mac || !hostMac || !hostInterface) return [];
  return bridgeEndpointObjects({
    id,
    namespace: place.namespace,
    hostInterface,
    hostMac,
    interface: place.link,
    mac,
    mtu: lanMtu(endpoint) ?? bridge.mtu,
    bridge: bridgeOf(network, bridge, endpoint),
    isolated: bridge.icc === false,
    addresses: place.addresses,
    bandwidth: bandwidthOf(network, endpoint.config),
    ...(isLan(network) && { ipv6: network.ipv6 }),
  });
}

/** What a sandbox asks of the kernel beyond its endpoints: the namespace, the ways out, its name service and its ports. */
function sandboxFragment(sandbox: Sandbox, joined: readonly Joined[], tables: DnsTableOptions): KernelObject[] {
  const { namespace, identities } = sandbox;
  if (namespace === '') return [];
  const election = electGateways(joined);
  const published = portGateways(election);
  return [
    { kind: 'namespace', namespace, ...(identities && { owner: identities }) },
    ...nameServiceFragment(sandbox, tables),
    // They may lead to the routers of the default ones.
    ...joined.flatMap((item) => lanRoutes(item, namespace)),
    ...defaultRoutes(namespace, { ipv4: wayOut(election.ipv4, 4), ipv6: wayOut(election.ipv6, 6) }),
    ...publishedFragment(sandbox, published),
    ...routedFragment(sandbox, joined),
  ];
}

/** The ways to the name service. Its IPv6 address is on the loopback interface, whose own one is the container's. */
function nameServiceFragment({ namespace, resolver }: Sandbox, options: DnsTableOptions): KernelObject[] {
  if (resolver === undefined) return [];
  const tables = dnsTables(resolver, options).map(
    (definition): KernelObject => ({ kind: 'table', namespace, definition }),
  );
  if (resolver.ipv6 === undefined) return tables;
  const address = interfaceAddress(nameServerAddress[6], prefixOf(nameServerAddress[6], 128));
  return [
    ...tables,
    { kind: 'sysctl', namespace, key: 'net.ipv6.conf.lo.disable_ipv6', value: '0' },
    { kind: 'address', namespace, link: 'lo', address },
  ];
}

/** Everything that a sandbox and its endpoints ask for. */
export function wholeSandboxFragment(
  sandbox: Sandbox,
  joined: readonly Joined[],
  tables: DnsTableOptions,
): KernelObject[] {
  return [
    ...sandboxFragment(sandbox, joined, tables),
    ...joined.flatMap((item) => endpointFragment(item, sandbox.namespace)),
    ...antispoofFragment(joined),
  ];
}

/** The host's own addresses on a bridge. Networks without a gateway have none. */
export function bridgeAddresses({ bridge, subnets }: Network): InterfaceAddress[] {
  return subnets.flatMap(({ subnet, gateway }) => {
    const inhibited = bridge?.inhibitIpv4 === true && prefixFamily(subnet) === 4;
    return gateway === undefined || inhibited ? [] : [interfaceAddress(gateway, subnet)];
  });
}

function wayOut(joined: Joined | undefined, family: 4 | 6): Gateway | undefined {
  const way = joined && wayOutOf(joined, family);
  return way && joined.endpoint.interface ? { link: joined.endpoint.interface, ...way } : undefined;
}
