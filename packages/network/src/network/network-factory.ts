import { FairleadError } from '@fairlead/base';
import { bridgeNetwork } from '../bridge/bridge-network.ts';
import { LAN_IPAM } from '../lan/lan-network.ts';
import type { Network } from '../model.ts';
import { overlayNetwork } from '../overlay/overlay-network.ts';
import { parentNetwork } from '../parent/parent-network.ts';
import type { Prepared } from '../remote/remote-networks.ts';
import { configNetwork, fromConfigNetwork } from './config-network.ts';
import type { NetworkRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import { requireWidth } from './network-width.ts';
import { pluginNetwork } from './plugin-network.ts';
import { predefinedNetworks } from './predefined-networks.ts';

/**
 * Make a network out of a request: everything that is left open is decided here, once.
 *
 * @param prepared what plugins have said, when {@link pluginsOf} asks for any.
 * @throws FairleadError in Docker's words and statuses; nothing has been changed then.
 */
export function makeNetwork(
  request: NetworkRequest,
  surroundings: NetworkSurroundings,
  prepared?: Pick<Prepared, 'addresses'>,
): Network {
  requireFreeName(request.name, surroundings.networks);
  if (request.configOnly === true) return configNetwork(request);
  const { configFrom } = request;
  const network = driven(fromConfigNetwork(request, surroundings.networks), surroundings, prepared);
  requireWidth(network);
  return configFrom ? { ...network, configFrom } : network;
}

/** The plugins that a request is about. */
export interface WantedPlugins {
  /** With what it takes from a configuration network. */
  readonly request: NetworkRequest;
  /** The plugin that shall drive the network. */
  readonly driver?: string;
  /** The plugin that shall give the addresses. */
  readonly ipam?: string;
}

/**
 * The plugins that have to be asked before a network can be made; nothing for networks that need none.
 *
 * @throws FairleadError as {@link makeNetwork}: nobody is asked in vain.
 */
export function pluginsOf(request: NetworkRequest, networks: Iterable<Network>): WantedPlugins | undefined {
  requireFreeName(request.name, networks);
  if (request.configOnly === true) return undefined;
  const whole = fromConfigNetwork(request, networks);
  const { driver, ipam } = whole;
  const names = {
    ...(driver && !builtIn.includes(driver) && { driver }),
    ...(ipam?.driver && !builtInPools.includes(ipam.driver) && { ipam: ipam.driver }),
  };
  return Object.keys(names).length === 0 || whole.scope === 'swarm' ? undefined : { request: whole, ...names };
}

/** Names that are no plugin's, whether there is such a driver or not. */
const builtIn: readonly string[] = ['bridge', 'macvlan', 'ipvlan', 'host', 'null', 'overlay'];

const builtInPools: readonly string[] = ['default', 'null', LAN_IPAM];

/** @throws FairleadError when a network cannot have that name. */
function requireFreeName(name: string, networks: Iterable<Network>): void {
  if (name.trim() === '') throw new FairleadError('invalid-argument', 'invalid name: name is empty');
  if (predefinedNetworks.includes(name)) {
    // Docker's own message ends in a blank, and clients compare it.
    throw new FairleadError('forbidden', `operation is not permitted on predefined ${name} network `);
  }
  for (const network of networks) {
    if (network.name === name) throw new FairleadError('conflict', `network with name ${name} already exists`);
  }
}

function driven(
  request: NetworkRequest,
  surroundings: NetworkSurroundings,
  prepared: Pick<Prepared, 'addresses'> | undefined,
): Network {
  requireSupported(request, surroundings, prepared);
  const driver = requireDriver(request.driver || 'bridge', prepared);
  const { addresses } = prepared ?? {};
  if (addresses === undefined) return byDriver(driver, request, surroundings);
  const asked = { ...request, ipam: { ...request.ipam, config: addresses.config } };
  // A plugin's addresses are a space of their own: whether they overlap with others is for it to say.
  return { ...byDriver(driver, asked, { ...surroundings, taken: [] }), pools: addresses.pools };
}

function byDriver(driver: string, request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  if (driver === 'bridge') return bridgeNetwork(request, surroundings);
  if (driver === 'overlay') return overlayNetwork(request, surroundings);
  if (driver === 'macvlan' || driver === 'ipvlan') return parentNetwork(driver, request, surroundings);
  if (request.ipam?.driver === LAN_IPAM) {
    throw new FairleadError('invalid-argument', `${LAN_IPAM} ipam driver cannot be used with network driver ${driver}`);
  }
  return pluginNetwork(driver, request, surroundings);
}

/** What of a request must be so or else the network would be another one than was asked for. */
function requireSupported(
  { scope, driver, ipam, ingress }: NetworkRequest,
  { swarmSources }: NetworkSurroundings,
  prepared: Pick<Prepared, 'addresses'> | undefined,
): void {
  const isOverlay = driver === 'overlay';
  if (isOverlay && scope === 'local') {
    throw new FairleadError('forbidden', 'cannot downgrade network scope for overlay networks');
  }
  if ((scope === 'swarm' || isOverlay) && swarmSources === undefined) throw noSwarm();
  if (scope === 'swarm' && !isOverlay) {
    const reason = driver
      ? `a network of driver ${driver} cannot have scope swarm`
      : 'driver name: if driver is specified name is required';
    throw new FairleadError('invalid-argument', `rpc error: code = InvalidArgument desc = ${reason}`);
  }
  if (ingress && !isOverlay) throw new FairleadError('forbidden', 'Ingress network can only be global scope network');
  const ipamDriver = ipam?.driver || 'default';
  if (!builtInPools.includes(ipamDriver) && prepared?.addresses === undefined) throw noPlugin(ipamDriver);
}

function requireDriver(driver: string, prepared: object | undefined): string {
  if (driver === 'bridge' || driver === 'overlay' || driver === 'macvlan' || driver === 'ipvlan') return driver;
  if (driver === 'host' || driver === 'null') {
    throw new FairleadError('forbidden', `only one instance of "${driver}" network is allowed`);
  }
  if (prepared === undefined) throw noPlugin(driver);
  return driver;
}

function noSwarm(): FairleadError {
  const advice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  return new FairleadError('forbidden', `This node is not a swarm manager. ${advice}`);
}

/** In the words of a registry that has looked for it. */
export function noPlugin(name: string): FairleadError {
  return new FairleadError('not-found', `could not find plugin ${name} in v1 plugin registry: plugin not found`);
}
