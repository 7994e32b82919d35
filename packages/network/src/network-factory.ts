import { FairleadError, newIdentifier } from '@fairlead/base';
import { bridgeNetwork } from './bridge-network.ts';
import { configNetwork, fromConfigNetwork } from './config-network.ts';
import type { Network, NetworkRequest } from './model.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import { parentNetwork } from './parent-network.ts';

/** Names that cannot be given to a network. */
export const predefinedNetworks: readonly string[] = ['bridge', 'host', 'none', 'default'];

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
  if (request.configOnly === true) return configNetwork(request);
  const { configFrom } = request;
  const whole = fromConfigNetwork(request, surroundings.networks);
  const network = driven(requireDriver(request.driver || 'bridge'), whole, surroundings);
  return configFrom ? { ...network, configFrom } : network;
}

function driven(
  driver: 'bridge' | 'macvlan' | 'ipvlan',
  request: NetworkRequest,
  surroundings: NetworkSurroundings,
): Network {
  requireSupported(request);
  if (driver === 'bridge') return bridgeNetwork(request, surroundings);
  return parentNetwork(driver, request, surroundings);
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
function requireSupported({ scope, ipam }: NetworkRequest): void {
  if (scope === 'swarm') throw noSwarm();
  const ipamDriver = ipam?.driver || 'default';
  if (ipamDriver !== 'default' && ipamDriver !== 'null') throw noPlugin(ipamDriver);
}

function requireDriver(driver: string): 'bridge' | 'macvlan' | 'ipvlan' {
  if (driver === 'bridge' || driver === 'macvlan' || driver === 'ipvlan') return driver;
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
