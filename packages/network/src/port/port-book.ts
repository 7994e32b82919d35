import { FairleadError, type Family, familyOf, messageOf } from '@fairlead/base';
import type { Sandbox } from '../model.ts';
import type { NameServicePort } from '../name-service-port.ts';
import { electGateways, gatewayModeOf, type Joined, portGateways } from '../route/gateway.ts';
import { isServedBy, keepsAll, mappingsOf, withNumbersOf } from './planned-mappings.ts';
import type { PortMapping } from './port-model.ts';
import { type PlannedPorts, planPorts, type ServedFamilies } from './port-plan.ts';

/** What is known of a sandbox's ports: what it asks for and what it has. */
type PortOwner = Pick<Sandbox, 'id' | 'ports' | 'mappings'>;

/** Has the host ports of sandboxes held by the process that binds them. */
export class PortBook {
  readonly #names: NameServicePort;

  constructor(names: NameServicePort) {
    this.#names = names;
  }

  /**
   * Hold the ports that a sandbox asks for in the families in which it has a gateway, and let go of others. What it has
   * already stays as it is, and a port that must be bound anew keeps its number.
   *
   * @throws FairleadError `internal` (as Docker answers) with the endpoint that the ports would have belonged to; some or
   * all of the former ports may be lost then, see {@link restore}.
   */
  async settle(sandbox: PortOwner, joined: readonly Joined[]): Promise<readonly PortMapping[]> {
    const { id, mappings } = sandbox;
    if (sandbox.ports.length === 0 && mappings.length === 0) return mappings;
    return await blaming(joined, async (gateways) => {
      const plan = planOf(sandbox, gateways);
      if (isServedBy(plan, mappings)) return await this.#relay(id, mappings, gateways);
      const next = withNumbersOf(plan, mappings);
      if (!keepsAll(next, mappings)) await this.release(id);
      return await this.#relay(id, await this.#reserve(id, next), gateways);
    });
  }

  /** As {@link settle}, for a sandbox of which nobody knows what is held for it. */
  async renew(sandbox: PortOwner, joined: readonly Joined[]): Promise<readonly PortMapping[]> {
    return await blaming(joined, async (gateways) => {
      const { id, mappings } = sandbox;
      await this.release(id);
      const held = await this.#reserve(id, withNumbersOf(planOf(sandbox, gateways), mappings));
      return await this.#relay(id, held, gateways);
    });
  }

  /** Hold exactly the ports that a sandbox was given, after they were lost or others were tried. */
  async restore(sandbox: PortOwner, joined: readonly Joined[]): Promise<void> {
    await this.release(sandbox.id);
    await this.hold(sandbox, joined);
  }

  /** Hold the ports that a sandbox was given; those that are held stay so. */
  async hold({ id, mappings }: PortOwner, joined: readonly Joined[]): Promise<void> {
    if (mappings.length === 0) return;
    const reservations = mappings.map(({ protocol, hostAddress, hostPorts }) => ({
      protocol,
      addresses: [hostAddress],
      ports: hostPorts,
      count: hostPorts.last - hostPorts.first + 1,
    }));
    await this.#names.reservePorts(id, reservations);
    await this.#relay(id, mappings, natGateways(joined));
  }

  /** Let go of every port of a sandbox. */
  async release(sandbox: string): Promise<void> {
    await this.#names.releasePorts(sandbox);
  }

  /** Have passed on what the firewall cannot translate; asked for only where there is any. */
  async #relay(
    owner: string,
    mappings: readonly PortMapping[],
    gateways: readonly NatGateway[],
  ): Promise<readonly PortMapping[]> {
    const relays = mappings.flatMap((mapping) => relaysOf(mapping, gateways));
    if (relays.length > 0) await this.#names.setRelays(owner, relays);
    return mappings;
  }

  async #reserve(owner: string, plan: readonly PlannedPorts[]): Promise<PortMapping[]> {
    if (plan.length === 0) return [];
    const reservations = plan.map(({ reservation }) => reservation);
    return mappingsOf(plan, await this.#names.reservePorts(owner, reservations));
  }
}

interface NatGateway {
  readonly family: Family;
  readonly item: Joined;
}

/** The gateways behind which ports are translated; on routed networks nothing of the host's is bound. */
function natGateways(joined: readonly Joined[]): NatGateway[] {
  const { ipv4, ipv6 } = portGateways(electGateways(joined));
  return [
    ...(ipv4 ? [{ family: 4, item: ipv4 } as const] : []),
    ...(ipv6 ? [{ family: 6, item: ipv6 } as const] : []),
  ].filter(({ family, item }) => gatewayModeOf(item.network, family) !== 'routed');
}

function planOf(sandbox: PortOwner, gateways: readonly NatGateway[]): PlannedPorts[] {
  const [first] = gateways;
  if (first === undefined) return [];
  const { hostBinding, hostBindings = hostBinding && [hostBinding] } = first.item.network.bridge ?? {};
  return planPorts(sandbox.ports, servedFamilies(gateways), hostBindings);
}

function servedFamilies(gateways: readonly NatGateway[]): ServedFamilies {
  const has = (family: Family) => gateways.some((gateway) => gateway.family === family);
  // Where the container has IPv6 but is routed there, the host's own addresses are none of its business.
  const relayed = has(4) && !has(6) && gateways.every(({ item }) => item.endpoint.ipv6 === undefined);
  return { has: (family) => has(family) || (family === 6 && relayed), relayed };
}

/** What comes to an IPv6 address of the host goes to the container's, or to its IPv4 address when it has no other. */
function relaysOf({ protocol, hostAddress, hostPorts, containerPorts }: PortMapping, gateways: readonly NatGateway[]) {
  if (familyOf(hostAddress) === 4 || protocol === 'sctp') return [];
  const { item } = gateways.find(({ family }) => family === 6) ?? gateways[0] ?? {};
  const containerAddress = item?.endpoint.ipv6 ?? item?.endpoint.ipv4;
  if (containerAddress === undefined) return [];
  return [{ protocol, hostAddress, ...hostPorts, containerAddress, containerFirst: containerPorts.first }];
}

/** Do work on ports; what goes wrong is said of the endpoint that they would have belonged to, as Docker does. */
async function blaming<T>(
  joined: readonly Joined[],
  work: (gateways: readonly NatGateway[]) => Promise<T>,
): Promise<T> {
  const gateways = natGateways(joined);
  try {
    return await work(gateways);
  } catch (error) {
    const endpoint = (gateways[0]?.item ?? joined[0])?.endpoint;
    if (endpoint === undefined) throw error;
    const where = `driver failed programming external connectivity on endpoint ${endpoint.ownerName} (${endpoint.id})`;
    throw new FairleadError('internal', `${where}: ${messageOf(error)}`, { cause: error });
  }
}
