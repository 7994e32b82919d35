import { FairleadError, type IpAddress, parseIpAddress, usualModule, withPrefix } from '@fairlead/base';
import type { Endpoint, JoinRequest, PortBinding, Sandbox, SandboxRequest } from '@fairlead/network';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { imagePorts } from '../configuration/container-factory.ts';
import { isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { dnsConfig } from '../file/container-files.ts';
import { healthCheckOf } from '../health/health-state.ts';
import { identitiesOf } from '../isolation/user-namespace.ts';
import type { LegacyLinks } from '../network/legacy-links.ts';
import { type NetworkPlan, planNetwork } from '../network/network-plan.ts';

const serviceNames = usualModule(() => import('../network/service-ports.ts'));

/** What {@link SandboxStart} works with. */
export interface SandboxStartParts {
  readonly context: Pick<EngineContext, 'network' | 'images' | 'settings'>;
  readonly table: ContainerTable;
  readonly links: LegacyLinks;
}

/** The network's part in the start of a container: its sandbox, found or made, and the networks that it joins. */
export class SandboxStart {
  readonly #context: SandboxStartParts['context'];
  readonly #table: ContainerTable;
  readonly #links: LegacyLinks;
  /** Sandboxes of containers that are on their way, by container: nobody may close them. */
  readonly #starting = new Map<string, string>();
  /** Sandboxes that are being taken away: nobody may join them. */
  readonly #closing = new Set<string>();

  constructor({ context, table, links }: SandboxStartParts) {
    this.#context = context;
    this.#table = table;
    this.#links = links;
  }

  /** @throws FairleadError in Docker's words for a network, a donor or a link that is not there. */
  async plan(container: Container): Promise<NetworkPlan> {
    const exposed = container.imagePorts ?? imagePorts(await this.#context.images.inspect(container.imageId));
    this.#links.requireRunning(container);
    return planNetwork(container, { network: this.#context.network, table: this.#table, exposed });
  }

  /**
   * The sandbox of a container that starts; kept from being closed until {@link done}.
   *
   * @throws FairleadError `conflict` when the one that is to be shared is gone.
   */
  async open(container: Container, plan: NetworkPlan): Promise<Sandbox> {
    const { network } = this.#context;
    const { id } = container;
    const wanted = plan.mode === 'shared' ? plan.donor.sandbox : container.sandbox;
    // A sandbox outlives its own container while others share it: it is found again as it was left.
    const existing = wanted === undefined || this.#closing.has(wanted) ? undefined : network.sandbox(wanted);
    if (existing === undefined && plan.mode === 'shared') {
      throw new FairleadError('conflict', `cannot join network of a non running container: ${plan.donor.id}`);
    }
    if (existing !== undefined) this.#starting.set(id, existing.id);
    const sandbox = existing ?? (await network.openSandbox(await this.#request(container, plan)));
    this.#starting.set(id, sandbox.id);
    return sandbox;
  }

  /**
   * @param signal gives up to wait for addresses of a LAN or for a plugin.
   * @returns the endpoints of the sandbox, those that it had included.
   */
  async join(sandbox: Sandbox, plan: NetworkPlan, signal?: AbortSignal): Promise<readonly Endpoint[]> {
    const { network } = this.#context;
    const present = network.endpointsIn(sandbox.id);
    if (plan.mode === 'shared') return present;
    try {
      const isNew = ({ network: { id } }: JoinRequest) => !present.some((endpoint) => endpoint.network === id);
      const requests = plan.requests.filter(isNew);
      for (const request of requests) await this.#inherit(request);
      const joined = await network.join(sandbox.id, requests, signal);
      // Ports may have been changed while the container was stopped and others kept its sandbox.
      if (present.length > 0) await network.publish(sandbox.id, portsOf(plan));
      return [...present, ...joined];
    } catch (error) {
      throw withPrefix('failed to set up container networking: ', error);
    }
  }

  /**
   * An address that is asked for by value, and that a container had which was removed, goes to its successor: those who
   * share what is left of the predecessor's network lose this one, as they lose everything with dockerd.
   */
  async #inherit({ network: { id }, config }: JoinRequest): Promise<void> {
    const { network } = this.#context;
    const wanted = [config.ipv4Address, config.ipv6Address].flatMap((text) => (text ? parseIpAddress(text) : []));
    if (wanted.length === 0) return;
    const isWanted = (address: IpAddress | undefined) => address !== undefined && wanted.includes(address);
    for (const endpoint of network.endpointsOn(id)) {
      const isOrphan = this.#table.get(endpoint.owner) === undefined;
      if (!isOrphan || !(isWanted(endpoint.ipv4) || isWanted(endpoint.ipv6))) continue;
      await network.leave(endpoint);
      network.releaseLease(id, endpoint.owner);
    }
  }

  /** A container has started, or has not. */
  done(id: string): void {
    this.#starting.delete(id);
  }

  /** The container needs its sandbox no longer; it stays while others that share it run or are about to. */
  async leave({ id, sandbox }: Pick<Container, 'id' | 'sandbox'>): Promise<void> {
    const { network } = this.#context;
    const owner = sandbox === undefined ? undefined : network.sandbox(sandbox)?.owner;
    if (sandbox === undefined || owner === undefined || this.#closing.has(sandbox)) return;
    for (const [other, used] of this.#starting) if (other !== id && used === sandbox) return;
    for (const other of this.#table) if (other.id !== id && other.sandbox === sandbox && isAlive(other)) return;
    this.#closing.add(sandbox);
    try {
      await network.closeSandbox(sandbox);
    } finally {
      this.#closing.delete(sandbox);
      // A donor that was removed before those who share its sandbox has kept its addresses for them.
      if (this.#table.get(owner) === undefined) network.releaseLeases(owner);
    }
  }

  async #request(container: Container, plan: NetworkPlan): Promise<SandboxRequest> {
    const { settings } = this.#context;
    const { id, name, config } = container;
    const { portPolicies } = config.host;
    const { hostServiceNames, servicePorts } = await serviceNames();
    const exposed = plan.mode === 'shared' ? [] : plan.exposed;
    return {
      owner: id,
      ownerName: name,
      mode: plan.mode === 'host' ? 'host' : 'own',
      identities: identitiesOf(config, settings),
      dns: dnsConfig(container, settings),
      ports: portsOf(plan),
      ...(portPolicies && { portPolicies }),
      unready: healthCheckOf(config) !== undefined,
      services: servicePorts(exposed, config.host.portServices ?? {}, hostServiceNames()),
    };
  }
}

function portsOf(plan: NetworkPlan): readonly PortBinding[] {
  return plan.mode === 'own' ? plan.ports : [];
}
