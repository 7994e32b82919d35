import { type ErrorCode, FairleadError, newSwarmIdentifier } from '@fairlead/base';
import { bridgeNetwork } from '../bridge/bridge-network.ts';
import type { Network } from '../model.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { NetworkSurroundings } from '../network/network-surroundings.ts';

/** Where an overlay network says under which numbers hosts tell its packets from others. */
const NUMBERS_OPTION = 'com.docker.network.driver.overlay.vxlanid_list';

/** The first number that swarms use; the ingress network, which is made first, has it. */
const FIRST_NUMBER = 4096;

/** Label of networks that a swarm stands for by itself; nobody else can have it. */
const PREDEFINED_LABEL = 'com.docker.swarm.predefined';

/** Options of bridges that say what is the swarm's to say. */
const bridgeOnly = ['com.docker.network.bridge.name', 'com.docker.network.bridge.inhibit_ipv4'] as const;

/**
 * An overlay network of a swarm of one host: a bridge of its own, by which containers go out as on any other. What goes from
 * one host to another is not in it yet: docs/decisions/0037-swarm-of-one-host.md.
 *
 * @throws FairleadError in dockerd's words.
 */
export function overlayNetwork(request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  requireSwarmNetwork(request, surroundings.networks);
  const taken = numbersOf(surroundings.networks);
  const { swarmSources: sources = surroundings.sources } = surroundings;
  const { options = {} } = request;
  const plain = Object.fromEntries(Object.entries(options).filter(([key]) => key !== NUMBERS_OPTION));
  const id = newSwarmIdentifier();
  const network = bridgeNetwork({ ...request, options: plain }, { ...surroundings, sources }, id);
  return {
    ...network,
    driver: 'overlay',
    scope: 'swarm',
    ipamOptions: Object.keys(network.ipamOptions ?? {}).length > 0 ? network.ipamOptions : null,
    options: { ...network.options, [NUMBERS_OPTION]: options[NUMBERS_OPTION] || `${freeNumber(taken)}` },
    ...(request.ingress === true && { ingress: true }),
  };
}

function requireSwarmNetwork(request: NetworkRequest, others: Iterable<Network>): void {
  const { name, ingress, attachable, labels, options, ipam } = request;
  if (!/^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_]*[a-zA-Z0-9])?$/.test(name)) {
    throw refusal('invalid-argument', 'InvalidArgument', 'name must be valid as a DNS name component');
  }
  if (labels?.[PREDEFINED_LABEL] !== undefined) {
    const reason = 'is for internally created predefined networks and cannot be applied by users';
    throw refusal('forbidden', 'PermissionDenied', `label ${PREDEFINED_LABEL} ${reason}`);
  }
  for (const option of bridgeOnly) {
    if (options?.[option] !== undefined)
      throw refusal('invalid-argument', 'InvalidArgument', `option ${option} is not one of an overlay network`);
  }
  if (ipam?.driver && ipam.driver !== 'default') {
    throw refusal('invalid-argument', 'InvalidArgument', `error during lookup of plugin ${ipam.driver}`);
  }
  if (!ingress) return;
  if (attachable) throw refusal('invalid-argument', 'InvalidArgument', 'ingress network cannot be attachable');
  const present = Iterator.from(others).find((network) => network.ingress);
  if (present !== undefined)
    throw refusal('conflict', 'AlreadyExists', `ingress network (${present.id}) is already present`);
}

/** In the words of a manager of a swarm, whose codes have names of their own. */
function refusal(code: ErrorCode, name: string, reason: string): FairleadError {
  return new FairleadError(code, `rpc error: code = ${name} desc = ${reason}`);
}

function numbersOf(networks: Iterable<Network>): ReadonlySet<number> {
  const texts = Iterator.from(networks).flatMap(({ options }) => options[NUMBERS_OPTION]?.split(',') ?? []);
  return new Set(texts.map(Number));
}

function freeNumber(taken: ReadonlySet<number>): number {
  let number = FIRST_NUMBER;
  while (taken.has(number)) number++;
  return number;
}
