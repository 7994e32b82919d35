import { isDeepStrictEqual } from 'node:util';
import { FairleadError, prefixesOverlap, prefixFamily } from '@fairlead/base';
import { type BridgeOptions, parseBridgeOptions } from '../bridge/bridge-options.ts';
import { requireGuardable } from '../endpoint/antispoof.ts';
import { bandwidthOf, requireLimitable } from '../endpoint/bandwidth.ts';
import { isLan } from '../lan/lan-network.ts';
import type { BridgeSettings, Network } from '../model.ts';
import { dnsService } from '../name/dns-options.ts';
import { mtuOption, type Options } from '../network-option.ts';
import { HOST_ACCESS } from '../parent/host-access.ts';
import type { IpamRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import { requireWidth } from './network-width.ts';
import { predefinedNetworks } from './predefined-networks.ts';
import { decideSubnets } from './subnet-plan.ts';

/** What shall be different about a network that is there. */
export interface NetworkUpdate {
  /** Options by name; `null` takes one away. */
  readonly options?: Readonly<Record<string, string | null>>;
  /** Subnets that it shall have besides. */
  readonly subnets?: readonly IpamRequest[];
}

/** Options of which a network is made: with others it would be another one. */
const settled: readonly string[] = [
  'com.docker.network.bridge.name',
  'com.docker.network.bridge.inhibit_ipv4',
  'com.docker.network.bridge.default_bridge',
  'com.docker.network.container_iface_prefix',
  'com.docker.network.enable_ipv4',
  'com.docker.network.enable_ipv6',
  // Only where the list of names starts, which has commands of its own.
  'com.fairlead.dns.records',
  HOST_ACCESS,
  'parent',
  'macvlan_mode',
  'ipvlan_mode',
  'ipvlan_flag',
];

/**
 * A network with other options or more subnets. Its name, its links and the addresses that it gave stay.
 *
 * @throws FairleadError for what cannot be, or not of a network that is there.
 */
export function updatedNetwork(network: Network, update: NetworkUpdate, surroundings: NetworkSurroundings): Network {
  requireChangeable(network);
  const options = mergedOptions(network, update.options ?? {});
  const optioned: Network = { ...network, options, ...settingsOf(network, options, surroundings) };
  requireLimitable(optioned, bandwidthOf(optioned, {}));
  requireGuardable(optioned, {});
  dnsService(options);
  const updated = withSubnets(optioned, update.subnets ?? [], surroundings);
  requireWidth(updated);
  return updated;
}

function requireChangeable({ name, template, driver }: Network): void {
  if (predefinedNetworks.includes(name)) {
    const reason = name === 'bridge' ? ': it is as the flags of the daemon say' : '';
    throw new FairleadError('forbidden', `${name} is a pre-defined network and cannot be changed${reason}`);
  }
  if (template !== undefined || driver === 'null') {
    throw new FairleadError('forbidden', `network ${name} is no network that anybody could join`);
  }
}

function mergedOptions({ name, options }: Network, change: NonNullable<NetworkUpdate['options']>): Options {
  for (const [key, value] of Object.entries(change)) {
    if (!settled.includes(key) || (value ?? undefined) === options[key]) continue;
    throw new FairleadError(
      'forbidden',
      `cannot change ${key} of network ${name}: it is settled when a network is made`,
    );
  }
  const merged = Object.entries({ ...options, ...change });
  return Object.fromEntries(merged.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function settingsOf(network: Network, options: Options, surroundings: NetworkSurroundings): Partial<Network> {
  const { bridge, parent } = network;
  if (bridge !== undefined)
    return { bridge: bridgeSettings(network, bridge, parseBridgeOptions(options), surroundings) };
  if (parent === undefined) return {};
  const { mtu: _, ...rest } = parent;
  const mtu = mtuOption(options);
  return { parent: { ...rest, ...(mtu && { mtu }) } };
}

function bridgeSettings(
  { name, internal }: Network,
  { name: link, mac, adopted, interfacePrefix, inhibitIpv4, segments, gatewayModes: before = {} }: BridgeSettings,
  options: BridgeOptions,
  { mtu }: NetworkSurroundings,
): BridgeSettings {
  const { gatewayModes, sources, trustedInterfaces, hostBinding, hostBindings, portPolicy } = options;
  for (const family of ['ipv4', 'ipv6'] as const) {
    const isolates = (mode: string | undefined) => mode === 'isolated';
    if (isolates(gatewayModes[family]) === isolates(before[family])) continue;
    const advice = internal ? 'its gateway was settled when it was made' : 'it is not an internal network';
    throw new FairleadError('forbidden', `cannot change gateway mode 'isolated' of network ${name}: ${advice}`);
  }
  return {
    name: link,
    mac,
    adopted,
    interfacePrefix,
    mtu: options.mtu ?? mtu,
    masquerade: options.masquerade,
    ...(segments && { segments }),
    ...(inhibitIpv4 && { inhibitIpv4 }),
    ...(hostBinding && { hostBinding }),
    ...(hostBindings && { hostBindings }),
    ...(portPolicy && { portPolicy }),
    ...(!isDeepStrictEqual(gatewayModes, {}) && { gatewayModes }),
    ...(!isDeepStrictEqual(sources, {}) && { sources }),
    ...(trustedInterfaces.length > 0 && { trustedInterfaces }),
    ...(!options.icc && { icc: false }),
  };
}

/** A bridge has one subnet of each family; more of them only networks on a parent can have. */
function withSubnets(network: Network, config: readonly IpamRequest[], surroundings: NetworkSurroundings): Network {
  if (config.length === 0) return network;
  const { id, name, bridge, subnets } = network;
  if (network.ipamDriver === 'null' || isLan(network)) {
    throw new FairleadError('invalid-argument', `addresses of network ${name} are given by somebody else`);
  }
  const has = (family: 4 | 6) => config.some(({ subnet = '' }) => subnet.includes(':') === (family === 6));
  const families = { ipv4: has(4), ipv6: has(6) };
  if (bridge && subnets.some(({ subnet }) => families[`ipv${prefixFamily(subnet)}`])) {
    throw new FairleadError('invalid-argument', "bridge driver doesn't support multiple subnets");
  }
  const question = { config, network: { id, name, ...families }, several: bridge === undefined };
  const added = decideSubnets({ ...question, gateway: () => (bridge ? 'auto' : 'asked') }, surroundings);
  for (const other of bridge ? surroundings.networks : []) {
    const clash =
      other.bridge && added.some(({ subnet }) => other.subnets.some((taken) => prefixesOverlap(taken.subnet, subnet)));
    if (clash) throw new FairleadError('forbidden', `subnets of network ${name} and ${other.name} would overlap`);
  }
  const all = [...subnets, ...added].sort((a, b) => prefixFamily(a.subnet) - prefixFamily(b.subnet));
  return { ...network, ipv4: network.ipv4 || families.ipv4, ipv6: network.ipv6 || families.ipv6, subnets: all };
}
