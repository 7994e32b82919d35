import { FairleadError, newIdentifier, parseMacAddress } from '@fairlead/base';
import type { Company } from '../address/company.ts';
import { randomMac } from '../address/hardware-address.ts';
import { type BridgeCapacity, capacityOf, segmentWithRoom, withSegment } from '../bridge/segments.ts';
import { isLan } from '../lan/lan-network.ts';
import type { BridgeSettings, Endpoint, EndpointConfig, Lease, Network, Sandbox } from '../model.ts';
import type { Joined } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import { requireAttachable, requireRoom, requireValidEndpoint } from './endpoint-rules.ts';

/** A network that a sandbox shall join. */
export interface JoinRequest {
  readonly network: Network;
  readonly hostname: string;
  readonly config: EndpointConfig;
  /** A service of the swarm asks for it: its containers may be on networks that nobody else can be on. */
  readonly task?: boolean;
}

/** What decides about endpoints beside what is stored. */
export interface EndpointSurroundings {
  readonly capacity: BridgeCapacity;
  /** Whom the addresses of a network are shared with; asked only of networks that have some. */
  readonly company: (network: Network) => Company;
}

/** Endpoints that were stored together. */
export interface MadeEndpoints {
  readonly added: readonly Joined[];
  /** Networks that have got a further bridge for them, as they were and as they are. */
  readonly grown: readonly { readonly before: Network; readonly after: Network }[];
  /** Forget them again, and give every container back the lease that it had before. */
  readonly undo: () => void;
}

/** Endpoint option that gives the interface inside the sandbox an exact name. */
const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';

/**
 * Decide about the endpoints of a sandbox on some networks, and store them.
 *
 * @throws FairleadError in Docker's words; nothing is stored then.
 */
export function makeEndpoints(
  state: NetworkState,
  sandbox: Sandbox,
  requests: readonly JoinRequest[],
  surroundings: EndpointSurroundings,
): MadeEndpoints {
  const added: Joined[] = [];
  const grown: { readonly before: Network; readonly after: Network }[] = [];
  const leases: { readonly network: string; readonly previous: Lease | undefined }[] = [];
  const undo = () => {
    for (const { endpoint } of added) state.endpoints.delete(endpoint);
    for (const { network, previous } of leases) {
      if (previous === undefined) state.releaseLease(network, sandbox.owner);
      else state.addresses.restore(network, sandbox.owner, previous);
    }
  };
  return state.store.transaction(() => {
    try {
      for (const request of requests) {
        const { id } = request.network;
        leases.unshift({ network: id, previous: state.addresses.find(id, sandbox.owner) });
        const before = state.networks.get(id);
        const item = makeEndpoint(state, sandbox, request, surroundings);
        added.push(item);
        if (before !== undefined && item.network !== before) grown.push({ before, after: item.network });
      }
      return { added, grown, undo };
    } catch (error) {
      // The store takes the documents back itself; indexes and pools are in memory only.
      undo();
      throw error;
    }
  });
}

function makeEndpoint(
  state: NetworkState,
  sandbox: Sandbox,
  request: JoinRequest,
  { capacity, company }: EndpointSurroundings,
): Joined {
  const { hostname, config } = request;
  const network = joinableNetwork(state, request);
  const present = state.endpoints.inSandbox(sandbox.id);
  if (present.some((endpoint) => endpoint.network === network.id)) {
    const message = `endpoint with name ${sandbox.ownerName} already exists in network ${network.name}`;
    throw new FairleadError('forbidden', message);
  }
  const base = {
    id: newIdentifier(),
    sequence: state.endpoints.nextSequence,
    network: network.id,
    sandbox: sandbox.id,
    owner: sandbox.owner,
    ownerName: sandbox.ownerName,
    hostname,
    config,
  };
  const { interfacePrefix } = network.bridge ?? network.parent ?? {};
  if (interfacePrefix === undefined && network.remote === undefined)
    return { network, endpoint: state.endpoints.put(base) };
  requireValidEndpoint(network, config);
  const { segment, roomy } = makeRoom(state, network, capacity);
  const endpoint = state.endpoints.put({
    ...base,
    ...leasedAddresses(state, sandbox, network, config, company(network)),
    // A plugin says first which interface it has made.
    ...(interfacePrefix !== undefined && { interface: freeInterface(interfacePrefix, config, present) }),
    ...(network.bridge && outerEnd(base.id, network.bridge)),
    ...(segment > 0 && { segment }),
    ...(network.remote && { remote: { stage: 'asked' } as const }),
  });
  return { network: roomy, endpoint };
}

/** The network as it is now: it may have been removed or changed since the caller looked it up. */
function joinableNetwork(state: NetworkState, { network: { id, name }, task }: JoinRequest): Network {
  const network = state.networks.get(id);
  if (network === undefined) throw new FairleadError('not-found', `network ${name} not found`);
  if (network.remote?.unfinished) throw new FairleadError('not-found', `network ${network.name} not found`);
  requireAttachable(network, task === true);
  if (network.template === undefined) return network;
  throw new FairleadError('forbidden', 'cannot create endpoint on configuration-only network');
}

/** A bridge of the network that has a port left; the network gets a further one when none has. */
function makeRoom(
  state: NetworkState,
  network: Network,
  capacity: BridgeCapacity,
): { readonly segment: number; readonly roomy: Network } {
  const neighbours = state.endpoints.onNetwork(network.id);
  requireRoom(network, neighbours);
  const segment =
    network.bridge === undefined ? 0 : segmentWithRoom(network, neighbours, capacityOf(network, capacity));
  const roomy = withSegment(network, segment);
  if (roomy !== network) state.networks.put(roomy);
  return { segment, roomy };
}

function leasedAddresses(
  state: NetworkState,
  { owner }: Sandbox,
  network: Network,
  config: EndpointConfig,
  company: Company,
): Pick<Endpoint, 'ipv4' | 'ipv6' | 'mac'> {
  const { ipv4, ipv6, mac } = state.addresses.lease(network, owner, config, company);
  // What a LAN gave has to be asked for again before it is used.
  const isKept = !isLan(network);
  return { ...(isKept && ipv4 && { ipv4 }), ...(isKept && ipv6 && { ipv6 }), ...(mac && { mac }) };
}

/** The end of a veth pair that is a port of the bridge. */
function outerEnd(id: string, { adopted }: BridgeSettings): Pick<Endpoint, 'hostInterface' | 'hostMac'> {
  const mac = randomMac();
  // A bridge that nobody has given an address has the lowest of its ports' (br_stp_recalculate_bridge_id): the host's own
  // address on its LAN must not change with our containers.
  const hostMac = adopted ? parseMacAddress(`fe${mac.slice(2)}`) : mac;
  // As many digits as an interface name can hold: two of a thousand may not meet.
  return { hostInterface: `veth${id.slice(0, 11)}`, hostMac };
}

/** The lowest number that is free behind the prefix, or exactly the name that was asked for. */
export function freeInterface(prefix: string, config: EndpointConfig, present: readonly Endpoint[]): string {
  const taken = new Set(present.map((endpoint) => endpoint.interface));
  const wanted = config.driverOptions?.[INTERFACE_NAME];
  if (wanted) {
    if (wanted !== 'lo' && !taken.has(wanted)) return wanted;
    throw new FairleadError('internal', `error renaming interface to ${wanted}: file exists`);
  }
  let number = 0;
  while (taken.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}

/** True where a plugin has to be asked. */
export function isPlugged({ remote, pools }: Network): boolean {
  return remote !== undefined || pools !== undefined;
}
