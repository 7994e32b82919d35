import { FairleadError, newIdentifier, type Prefix, prefixFamily, prefixLength, shortIdentifier } from '@fairlead/base';
import {
  AddressPool,
  chooseSubnet,
  isAnySubnet,
  parseIpamConfig,
  requireFreeSubnet,
  type SubnetRequest,
  type SubnetSource,
} from '@fairlead/ipam';
import { randomMac } from './address-book.ts';
import { type BridgeOptions, parseBridgeOptions } from './bridge-options.ts';
import type { BridgeSettings, Network, NetworkRequest, SubnetConfig } from './model.ts';

/** Names that cannot be given to a network. */
export const predefinedNetworks: readonly string[] = ['bridge', 'host', 'none', 'default'];

/** What a network's address ranges have to keep clear of, and how its bridge is made. */
export interface NetworkSurroundings {
  readonly networks: Iterable<Network>;
  readonly sources: readonly SubnetSource[];
  /** Destinations of the host's routes and its name servers. */
  readonly reserved: readonly Prefix[];
  /** Bytes, unless the network says otherwise. */
  readonly mtu: number;
  /** True when a link of this name that is not ours exists. */
  readonly linkExists: (name: string) => boolean;
}

/**
 * Make a network out of a request: everything that is left open is decided here, once.
 *
 * @throws FairleadError in Docker's words and statuses; nothing has been changed then.
 */
export function makeNetwork(request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  const { name } = request;
  if (name === '') throw new FairleadError('invalid-argument', 'invalid name: name is empty');
  if (predefinedNetworks.includes(name)) {
    // Docker's own message ends in a blank, and clients compare it.
    throw new FairleadError('forbidden', `operation is not permitted on predefined ${name} network `);
  }
  for (const network of surroundings.networks) {
    if (network.name === name) throw new FairleadError('conflict', `network with name ${name} already exists`);
  }
  requireDriver(request.driver ?? 'bridge');
  return bridgeNetwork(request, surroundings);
}

/** A bridge network, also the predefined one, whose name is not checked. */
export function bridgeNetwork(request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  const options = parseBridgeOptions(request.options ?? {});
  const ipv4 = request.ipv4 ?? options.ipv4 ?? true;
  const ipv6 = request.ipv6 ?? options.ipv6 ?? false;
  if (!ipv4 && !ipv6) throw new FairleadError('invalid-argument', 'IPv4 or IPv6 must be enabled');
  const id = newIdentifier();
  const subnets = decideSubnets(request, { ipv4, ipv6 }, surroundings, `${request.name} (${id})`);
  return {
    id,
    name: request.name,
    driver: 'bridge',
    scope: 'local',
    created: Date.now(),
    ipv4,
    ipv6,
    internal: request.internal ?? false,
    attachable: request.attachable ?? false,
    options: request.options ?? {},
    labels: request.labels ?? {},
    ipamDriver: request.ipam?.driver || 'default',
    ipamOptions: request.ipam?.options ?? null,
    subnets,
    bridge: bridgeSettings(id, options, surroundings),
  };
}

/** The networks `host` and `none`: names for "the machine's own" and "nothing". */
export function fixedNetwork(name: 'host' | 'none'): Network {
  return {
    id: newIdentifier(),
    name,
    driver: name === 'host' ? 'host' : 'null',
    scope: 'local',
    created: Date.now(),
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamDriver: 'default',
    ipamOptions: null,
    subnets: [],
  };
}

function requireDriver(driver: string): void {
  if (driver === 'bridge') return;
  if (driver === 'host' || driver === 'null') {
    throw new FairleadError('forbidden', `only one instance of "${driver}" network is allowed`);
  }
  if (driver === 'overlay') {
    const advice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
    throw new FairleadError('forbidden', `This node is not a swarm manager. ${advice}`);
  }
  const registry = 'in v1 plugin registry: plugin not found';
  throw new FairleadError('not-found', `could not find plugin ${driver} ${registry}`);
}

function bridgeSettings(id: string, options: BridgeOptions, surroundings: NetworkSurroundings): BridgeSettings {
  const name = options.bridgeName ?? `br-${shortIdentifier(id)}`;
  for (const other of surroundings.networks) {
    if (other.bridge?.name !== name) continue;
    const both = `${id} (${name}): conflicts with network ${other.id} (${name})`;
    throw new FairleadError('forbidden', `cannot create network ${both}: networks have same bridge name`);
  }
  return {
    name,
    mac: randomMac(),
    mtu: options.mtu || surroundings.mtu,
    masquerade: options.masquerade,
    adopted: surroundings.linkExists(name),
    interfacePrefix: options.interfacePrefix,
    ...(options.hostBinding && { hostBinding: options.hostBinding }),
  };
}

function decideSubnets(
  request: NetworkRequest,
  families: { readonly ipv4: boolean; readonly ipv6: boolean },
  surroundings: NetworkSurroundings,
  label: string,
): SubnetConfig[] {
  const asked = parseIpamConfig(request.ipam?.config ?? [], { ipv6Enabled: families.ipv6 });
  const decided: SubnetConfig[] = [];
  for (const family of [4, 6] as const) {
    if (!(family === 4 ? families.ipv4 : families.ipv6)) continue;
    const ofFamily = asked.filter(({ subnet }) => prefixFamily(subnet) === family);
    if (ofFamily.length > 1) {
      throw new FairleadError('invalid-argument', "bridge driver doesn't support multiple subnets");
    }
    decided.push(decideSubnet(ofFamily[0], family, surroundings, label));
  }
  return decided;
}

function decideSubnet(
  asked: SubnetRequest | undefined,
  family: 4 | 6,
  surroundings: NetworkSurroundings,
  label: string,
): SubnetConfig {
  const taken = [...surroundings.networks].flatMap((network) => network.subnets);
  const explicit = asked !== undefined && !isAnySubnet(asked.subnet);
  if (explicit) requireFreeSubnet(asked, taken);
  const subnet = explicit
    ? asked.subnet
    : chooseSubnet({
        family,
        sources: surroundings.sources,
        taken: taken.map((config) => config.subnet),
        reserved: surroundings.reserved,
        length: asked && prefixLength(asked.subnet),
      });
  const auxiliary = asked?.auxiliary ?? new Map();
  // A pool decides the gateway by the rules by which it gives every other address.
  const { gateway } = new AddressPool({ subnet, range: asked?.range, gateway: asked?.gateway ?? 'auto', auxiliary, network: label });
  return {
    subnet,
    ...(asked?.range && { range: asked.range }),
    ...(gateway && { gateway }),
    ...(auxiliary.size > 0 && { auxiliary: Object.fromEntries(auxiliary) }),
  };
}
