import {
  FairleadError,
  type Family,
  newIdentifier,
  type Prefix,
  prefixesOverlap,
  prefixFamily,
  prefixLength,
  shortIdentifier,
} from '@fairlead/base';
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
  /** Destinations of the host's routes and its name servers; asked only when a subnet has to be chosen. */
  readonly reserved: () => readonly Prefix[];
  /** Bytes, unless the network says otherwise. */
  readonly mtu: number;
  /** What a link of this name is that exists and is not ours; asked only for names that were given. */
  readonly foreignLink: (name: string) => 'bridge' | 'other' | undefined;
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
  requireSupported(request);
  return bridgeNetwork(request, surroundings);
}

/** A bridge network, also the predefined one, whose name is not checked. */
export function bridgeNetwork(request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  const options = parseBridgeOptions(request.options ?? {});
  const ipv4 = request.ipv4 ?? options.ipv4 ?? true;
  const ipv6 = request.ipv6 ?? options.ipv6 ?? false;
  if (!ipv4 && !ipv6) throw new FairleadError('invalid-argument', 'IPv4 or IPv6 must be enabled');
  requireInternal(request, options);
  const id = newIdentifier();
  const bridge = bridgeSettings(id, options, surroundings);
  const subnets = decideSubnets(
    { request, options, families: { ipv4, ipv6 }, label: `${request.name} (${id})` },
    surroundings,
  );
  requireSeparate({ id, bridge, subnets }, surroundings.networks);
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
    options: storedOptions(request),
    labels: request.labels ?? {},
    ipamDriver: request.ipam?.driver || 'default',
    ipamOptions: request.ipam?.options ?? null,
    subnets,
    bridge,
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

/** What of a request must be so or else the network would be another one than was asked for. */
function requireSupported({ driver, scope, configOnly, configFrom, ipam }: NetworkRequest): void {
  requireDriver(driver || 'bridge');
  if (scope === 'swarm') throw noSwarm();
  if (configOnly === true || configFrom) {
    throw new FairleadError('not-implemented', 'configuration networks are not supported');
  }
  const ipamDriver = ipam?.driver || 'default';
  if (ipamDriver === 'null') throw new FairleadError('invalid-argument', 'ipv4 pool is empty');
  if (ipamDriver !== 'default') throw noPlugin(ipamDriver);
}

function requireDriver(driver: string): void {
  if (driver === 'bridge') return;
  if (driver === 'host' || driver === 'null') {
    throw new FairleadError('forbidden', `only one instance of "${driver}" network is allowed`);
  }
  throw driver === 'overlay' ? noSwarm() : noPlugin(driver);
}

function noSwarm(): FairleadError {
  const advice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  return new FairleadError('forbidden', `This node is not a swarm manager. ${advice}`);
}

function noPlugin(name: string): FairleadError {
  return new FairleadError('not-found', `could not find plugin ${name} in v1 plugin registry: plugin not found`);
}

function requireInternal({ internal }: NetworkRequest, { gatewayModes: { ipv4, ipv6 } }: BridgeOptions): void {
  if (internal === true || (ipv4 !== 'isolated' && ipv6 !== 'isolated')) return;
  throw new FairleadError('invalid-argument', "gateway mode 'isolated' can only be used for an internal network");
}

/** Explicit fields win over the options that say the same, and take their place. */
function storedOptions({ options = {}, ipv4, ipv6 }: NetworkRequest): Readonly<Record<string, string>> {
  const overruled = new Set([
    ...(ipv4 === undefined ? [] : ['com.docker.network.enable_ipv4']),
    ...(ipv6 === undefined ? [] : ['com.docker.network.enable_ipv6']),
  ]);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !overruled.has(key)));
}

function bridgeSettings(id: string, options: BridgeOptions, surroundings: NetworkSurroundings): BridgeSettings {
  const name = options.bridgeName ?? `br-${shortIdentifier(id)}`;
  for (const other of surroundings.networks) {
    if (other.bridge?.name === name) throw conflict({ id, name }, other, 'networks have same bridge name');
  }
  const foreign = options.bridgeName === undefined ? undefined : surroundings.foreignLink(name);
  if (foreign === 'other') throw new FairleadError('internal', `existing interface ${name} is not a bridge`);
  return {
    name,
    mac: randomMac(),
    mtu: options.mtu ?? surroundings.mtu,
    masquerade: options.masquerade,
    adopted: foreign === 'bridge',
    interfacePrefix: options.interfacePrefix,
    ...(options.hostBinding && { hostBinding: options.hostBinding }),
    ...(hasAny(options.gatewayModes) && { gatewayModes: options.gatewayModes }),
    ...(hasAny(options.sources) && { sources: options.sources }),
    ...(options.trustedInterfaces.length > 0 && { trustedInterfaces: options.trustedInterfaces }),
    ...(!options.icc && { icc: false }),
    ...(options.inhibitIpv4 && { inhibitIpv4: true }),
  };
}

/** Two bridges on one subnet cannot both be reached, whatever parts of it they give addresses from. */
function requireSeparate(
  network: { readonly id: string; readonly bridge: BridgeSettings; readonly subnets: readonly SubnetConfig[] },
  others: Iterable<Network>,
): void {
  const { id, bridge } = network;
  for (const other of others) {
    for (const { subnet } of network.subnets) {
      if (!other.subnets.some((taken) => prefixesOverlap(taken.subnet, subnet))) continue;
      throw conflict({ id, name: bridge.name }, other, `networks have overlapping IPv${prefixFamily(subnet)}`);
    }
  }
}

function conflict(
  network: { readonly id: string; readonly name: string },
  other: Network,
  reason: string,
): FairleadError {
  const [wanted, present] = [`${network.id} (${network.name})`, `${other.id} (${other.bridge?.name ?? ''})`];
  return new FairleadError(
    'forbidden',
    `cannot create network ${wanted}: conflicts with network ${present}: ${reason}`,
  );
}

function hasAny(values: object): boolean {
  return Object.keys(values).length > 0;
}

/** What the subnets of a network are decided from. */
interface SubnetQuestion {
  readonly request: NetworkRequest;
  readonly options: BridgeOptions;
  readonly families: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** How the network is called in messages. */
  readonly label: string;
}

function decideSubnets(question: SubnetQuestion, surroundings: NetworkSurroundings): SubnetConfig[] {
  const { request, families } = question;
  const asked = parseIpamConfig(request.ipam?.config ?? [], { ipv6Enabled: families.ipv6 });
  const decided: SubnetConfig[] = [];
  for (const family of [4, 6] as const) {
    if (!families[`ipv${family}`]) continue;
    const ofFamily = asked.filter(({ subnet }) => prefixFamily(subnet) === family);
    if (ofFamily.length > 1) {
      throw new FairleadError('invalid-argument', "bridge driver doesn't support multiple subnets");
    }
    decided.push(decideSubnet(ofFamily[0], family, question, surroundings));
  }
  return decided;
}

function decideSubnet(
  asked: SubnetRequest | undefined,
  family: Family,
  question: SubnetQuestion,
  surroundings: NetworkSurroundings,
): SubnetConfig {
  const subnet = subnetFor(asked, family, surroundings);
  const auxiliary = asked?.auxiliary ?? new Map();
  const { range } = asked ?? {};
  const wanted = needsGateway(question, family) ? (asked?.gateway ?? 'auto') : 'none';
  // A pool decides the gateway by the rules by which it gives every other address.
  const { gateway } = new AddressPool({ subnet, range, gateway: wanted, auxiliary, network: question.label });
  return {
    subnet,
    ...(range && { range }),
    ...(gateway && { gateway }),
    ...(auxiliary.size > 0 && { auxiliary: Object.fromEntries(auxiliary) }),
  };
}

function subnetFor(asked: SubnetRequest | undefined, family: Family, surroundings: NetworkSurroundings): Prefix {
  const taken = Iterator.from(surroundings.networks)
    .flatMap((network) => network.subnets)
    .toArray();
  if (asked !== undefined && !isAnySubnet(asked.subnet)) {
    requireFreeSubnet(asked, taken);
    return asked.subnet;
  }
  return chooseSubnet({
    family,
    sources: surroundings.sources,
    taken: taken.map((config) => config.subnet),
    reserved: surroundings.reserved(),
    length: asked && prefixLength(asked.subnet),
  });
}

/** An internal network whose bridge has no address needs none that is kept for it. */
function needsGateway({ request, options }: SubnetQuestion, family: Family): boolean {
  if (options.gatewayModes[`ipv${family}`] === 'isolated') return false;
  return !(family === 4 && options.inhibitIpv4 && request.internal === true);
}
