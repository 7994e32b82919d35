import { codeOf, FairleadError, goBooleanError, messageOf, parseGoBoolean } from '@fairlead/base';
import { contestTexts, type EnginePort, type Network, type NetworkService } from '@fairlead/engine';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { parseEndpointSettings } from '../wire/endpoint-settings.ts';
import { Filters } from '../wire/filters.ts';
import {
  connectSchema,
  disconnectSchema,
  networkCreateSchema,
  parseNetworkCreate,
  presentNetworkWithContainers,
  presentPeer,
  presentStatus,
} from '../wire/network.ts';
import { isPredefined, networkFilterKeys, selectNetworks } from '../wire/network-filters.ts';

/** Networks: Engine API, "Networks". */
export function networkRoutes(engine: NetworkParts): Route[] {
  const { networks } = engine;
  return [
    ...['/networks', '/networks/'].map(
      (pattern): Route => ({ method: 'GET', pattern, handle: (request) => list(networks, request) }),
    ),
    { method: 'POST', pattern: '/networks/create', handle: (request) => create(networks, request) },
    { method: 'POST', pattern: '/networks/prune', handle: (request) => prune(engine, request) },
    { method: 'POST', pattern: '/networks/{id}/connect', handle: (request) => connect(networks, request) },
    { method: 'POST', pattern: '/networks/{id}/disconnect', handle: (request) => disconnect(networks, request) },
    { method: 'GET', pattern: '/networks/{id}', handle: (request) => inspect(engine, request) },
    {
      method: 'DELETE',
      pattern: '/networks/{id}',
      handle: async (request) => {
        await untilTasksHaveLeft(engine, parameter(request, 'id'));
        await networks.remove(parameter(request, 'id'));
        return empty(204);
      },
    },
  ];
}

async function list(networks: NetworkService, request: ApiRequest): Promise<ApiResponse> {
  const filters = await Filters.parse(text(request, 'filters'), networkFilterKeys).withExpressions('id', 'name');
  const selected = selectNetworks(networks.list(), filters, (network) => isUsed(networks, network));
  // Who is on a network stands in the list before version 1.28; from then on the key is there, and empty.
  const endpointsOf = ({ id }: Network) => (request.version < 28 ? networks.inspect(id).endpoints : []);
  return json(selected.map((network) => presentNetworkWithContainers(network, endpointsOf(network), request.version)));
}

/**
 * @throws FairleadError; of several whose ids begin so in the words that Docker has here alone (getNetwork in its network
 * router).
 */
function findToInspect(networks: NetworkService, reference: string): ReturnType<NetworkService['inspect']> {
  try {
    return networks.inspect(reference);
  } catch (error) {
    const [, ambiguous, matches] = /^(network .* is ambiguous) \((.*)\)$/s.exec(messageOf(error)) ?? [];
    if (ambiguous === undefined) throw error;
    throw new FairleadError(codeOf(error), `${matches}: ${ambiguous}`, { cause: error });
  }
}

/** Networks of this machine that services can be on: dockerd has others of the same names in its swarm. */
function isForServices(name: string): boolean {
  return ['bridge', 'host', 'none'].includes(name);
}

/** Networks, and the swarm where there may be one. */
type NetworkParts = Pick<EnginePort, 'networks' | 'prunes'> & Partial<Pick<EnginePort, 'swarm' | 'swarmStatus'>>;

/** `docker stack rm` removes networks as soon as services are removed, whose tasks are still ending. */
async function untilTasksHaveLeft({ networks, swarm, swarmStatus }: NetworkParts, reference: string): Promise<void> {
  if (swarm === undefined || swarmStatus?.() !== 'active') return;
  const { id } = findToInspect(networks, reference).network;
  await (await swarm()).manager().services.untilFree(id);
}

/** Nodes of the swarm that have somebody on an overlay network: this machine, or none. */
async function peersOf({ swarm, swarmStatus }: NetworkParts, network: Network, isUsedHere: boolean) {
  const isShared = network.scope === 'swarm' && (network.ingress === true || isUsedHere);
  if (!isShared || swarm === undefined || swarmStatus?.() !== 'active') return {};
  const peers = (await swarm())
    .manager()
    .nodes.list()
    .map(({ node }) => presentPeer(node.id, node.address));
  return { Peers: peers };
}

async function inspect(engine: NetworkParts, request: ApiRequest): Promise<ApiResponse> {
  const { networks } = engine;
  const verbose = text(request, 'verbose') ?? '';
  if (verbose !== '' && parseGoBoolean(verbose) === undefined) {
    throw new FairleadError('invalid-argument', `invalid value for verbose: ${verbose}: ${goBooleanError(verbose)}`);
  }
  const reference = parameter(request, 'id');
  const scope = text(request, 'scope');
  const { network, endpoints } = findToInspect(networks, reference);
  if (scope !== undefined && scope !== network.scope && !(scope === 'swarm' && isForServices(network.name))) {
    throw new FairleadError('not-found', `network ${reference} not found`);
  }
  const { engines, clashes } = networks.sharing(network);
  const contests = endpoints.flatMap((endpoint) => contestTexts(endpoint));
  const warnings = [
    ...networks.obstacles(network),
    ...(await networks.overlaps(network)),
    ...engines,
    ...clashes,
    ...contests,
  ];
  const shown = {
    ...presentNetworkWithContainers(network, endpoints, request.version),
    ...(await peersOf(engine, network, endpoints.length > 0)),
    ...presentStatus(networks.usage(network), request.version),
  };
  // Docker's answer has nothing of the kind; clients pass over what they do not know.
  return json(warnings.length > 0 ? { ...shown, Warnings: warnings } : shown);
}

async function create(networks: NetworkService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, networkCreateSchema, 'CreateRequest');
  const { id, warning } = await networks.create(parseNetworkCreate(wire, request.version));
  return json({ Id: id, Warning: warning }, 201);
}

async function connect(networks: NetworkService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, connectSchema, 'ConnectOptions');
  const config = wire.EndpointConfig === undefined ? {} : parseEndpointSettings(wire.EndpointConfig);
  await networks.connect(parameter(request, 'id'), wire.Container, config, request.signal);
  return empty(200);
}

async function disconnect(networks: NetworkService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, disconnectSchema, 'DisconnectOptions');
  await networks.disconnect(parameter(request, 'id'), wire.Container, wire.Force);
  return empty(200);
}

async function prune(engine: Pick<EnginePort, 'prunes'>, request: ApiRequest): Promise<ApiResponse> {
  const filters = Filters.parse(text(request, 'filters'), ['label', 'label!', 'until']);
  const until = filters.until();
  const { deleted } = await (await engine.prunes()).networks((network) => {
    if (isPredefined(network) || !filters.labels(network.labels)) return false;
    return until === undefined || BigInt(Math.floor(network.created)) * 1_000_000n < until;
  });
  return json({ NetworksDeleted: deleted.length > 0 ? deleted : null });
}

function isUsed(networks: NetworkService, network: Network): boolean {
  return networks.inspect(network.id).endpoints.length > 0;
}
