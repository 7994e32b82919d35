import { FairleadError, type Family, messageOf } from '@fairlead/base';
import { electGateways, type Joined } from './gateway.ts';
import type { PortMapping, Sandbox } from './model.ts';
import type { NameServicePort } from './name-service-port.ts';
import { mappingsOf, type PlannedPorts, planPorts } from './port-plan.ts';

/** Has the host ports of sandboxes held by the process that binds them. */
export class PortBook {
  readonly #names: NameServicePort;

  constructor(names: NameServicePort) {
    this.#names = names;
  }

  /**
   * Hold the ports that a sandbox asks for, in the families in which it has a gateway.
   *
   * @throws FairleadError `internal` (as Docker answers) with the endpoint that the ports would have belonged to.
   */
  async reserve(sandbox: Sandbox, joined: readonly Joined[]): Promise<PortMapping[]> {
    const { ipv4, ipv6 } = electGateways(joined);
    const gateway = ipv4 ?? ipv6;
    if (gateway === undefined || sandbox.ports.length === 0) return [];
    const families = new Set<Family>([...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])]);
    const plan = planPorts(sandbox.ports, families, gateway.network.bridge?.hostBinding);
    try {
      return await this.#hold(sandbox.id, plan);
    } catch (error) {
      const { endpoint } = gateway;
      const where = `driver failed programming external connectivity on endpoint ${endpoint.ownerName} (${endpoint.id})`;
      throw new FairleadError('internal', `${where}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Hold again what a sandbox was given before, after the holding process was lost. */
  async restore(sandbox: Sandbox): Promise<void> {
    await this.#names.reservePorts(
      sandbox.id,
      sandbox.mappings.map(({ protocol, hostAddress, hostPorts }) => ({
        protocol,
        addresses: [hostAddress],
        ports: hostPorts,
        count: hostPorts.last - hostPorts.first + 1,
      })),
    );
  }

  /** Let go of every port of a sandbox. */
  async release(sandbox: string): Promise<void> {
    await this.#names.releasePorts(sandbox);
  }

  async #hold(owner: string, plan: readonly PlannedPorts[]): Promise<PortMapping[]> {
    if (plan.length === 0) return [];
    const reservations = plan.map(({ reservation }) => reservation);
    return mappingsOf(plan, await this.#names.reservePorts(owner, reservations));
  }
}
