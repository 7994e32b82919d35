import { KeyedMutex, type Logger, lateModule, messageOf } from '@fairlead/base';
import type { Change, ForeignFilter } from '@fairlead/netlink';
import type { Store } from '@fairlead/store';
import { Announcements } from './announcements.ts';
import type { JoinRequest } from './endpoint-factory.ts';
import { electGateways, portGateways } from './gateway.ts';
import type { KernelPort } from './kernel-port.ts';
import type {
  BoundPort,
  Endpoint,
  EndpointConfig,
  Network,
  NetworkEvent,
  NetworkRequest,
  PortBinding,
  Sandbox,
} from './model.ts';
import { NameRecords } from './name-records.ts';
import type { NameServicePort } from './name-service-port.ts';
import type { NetworkUpdate } from './network-update.ts';
import { Networks } from './networks.ts';
import { obstacles } from './obstacles.ts';
import type { AdmittedMapping } from './port-admission.ts';
import { PortBook } from './port-book.ts';
import { boundPorts } from './port-plan.ts';
import { openedPorts, translatedPorts } from './published-fragment.ts';
import { type ReconcileContext, type Reconciliation, reconcile, reconcileHost } from './reconcile.ts';
import { routedPorts } from './routed-ports.ts';
import { Sandboxes, type SandboxRequest } from './sandboxes.ts';
import type { NetworkSettings } from './settings.ts';
import { NetworkState } from './state.ts';

const selfRepair = lateModule(() => import('./self-repair.ts'));

/** What the controller is made from. */
export interface ControllerContext {
  readonly store: Store;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly settings: NetworkSettings;
  readonly logger: Logger;
  readonly emit: (event: NetworkEvent) => void;
}

/**
 * The front door of the network model. Work on one sandbox is done in the order asked for; different sandboxes do not
 * wait for each other.
 */
export class NetworkController {
  readonly #state: NetworkState;
  readonly #networks: Networks;
  readonly #sandboxes: Sandboxes;
  readonly #reconcile: ReconcileContext;
  readonly #turns = new KeyedMutex();

  constructor(context: ControllerContext) {
    const { kernel, names, settings, emit, logger } = context;
    const { namespacePrefix, hostTable } = settings;
    const state = new NetworkState(context.store);
    const records = new NameRecords(names, settings.hostResolvConf);
    const ports = new PortBook(names);
    this.#state = state;
    this.#networks = new Networks({ state, kernel, names, settings, logger, emit });
    const announcements = new Announcements(kernel, logger);
    this.#sandboxes = new Sandboxes({ state, kernel, records, ports, announcements, namespacePrefix, logger, emit });
    const turn = <T>(sandbox: string, work: () => Promise<T>) => this.#turns.run(sandbox, work);
    this.#reconcile = { state, kernel, names, records, ports, namespacePrefix, hostTable, logger, turn };
  }

  /**
   * Bring everything to what the store says; to be called before anything else. The insides of sandboxes are left
   * to {@link Reconciliation.compareInsides}.
   *
   * @param lives whether the container that a sandbox was made for still runs; the others' sandboxes are taken away.
   */
  async start(lives: (sandbox: Sandbox) => boolean): Promise<Reconciliation> {
    const dead = [...this.#state.sandboxes].filter((sandbox) => !lives(sandbox));
    const addresses = dead
      .flatMap(({ id }) => this.#state.endpoints.inSandbox(id))
      .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
    for (const { id } of dead) this.#state.dropSandbox(id);
    this.#networks.ensurePredefined();
    const reconciliation = await this.#repair();
    for (const address of addresses) if (address) await this.#reconcile.kernel.forgetConnections({ address });
    const compareInsides = async () => {
      const changes = await reconciliation.compareInsides();
      this.#noteObstacles(this.networks());
      return changes;
    };
    return { ...reconciliation, compareInsides };
  }

  /**
   * Compare kernel and name service with the store and put right what differs. What cannot be put right is logged, and
   * does not keep the rest from it.
   *
   * @returns the changes that were needed in the kernel.
   */
  async repair(): Promise<readonly Change[]> {
    const { changes, compareInsides } = await this.#repair();
    return [...changes, ...(await compareInsides())];
  }

  /** From now on put back at once what somebody takes from the host's namespace; ends with the disposal. */
  async keepRepaired(): Promise<Disposable> {
    const { SelfRepair } = await selfRepair();
    const { state, kernel, logger, hostTable } = this.#reconcile;
    const repair = () => this.#turns.run('repair', () => reconcileHost(this.#reconcile));
    return await SelfRepair.begin({ state, kernel, logger, repair, rulesAreProtected: hostTable.protected === true });
  }

  /** Every network, oldest first. */
  networks(): readonly Network[] {
    return [...this.#state.networks].sort((a, b) => a.created - b.created);
  }

  /** @throws FairleadError `not-found`, or `invalid-argument` when ambiguous. */
  findNetwork(reference: string): Network {
    return this.#networks.find(reference);
  }

  /** @throws FairleadError in Docker's words; nothing is changed then. */
  async createNetwork(request: NetworkRequest): Promise<Network> {
    const network = await this.#turns.run('networks', () => this.#networks.create(request));
    this.#noteObstacles([network]);
    return network;
  }

  /**
   * Change a network that is there; its endpoints follow.
   *
   * @throws FairleadError for what cannot be changed; everything is as it was then.
   */
  async updateNetwork(reference: string, update: NetworkUpdate): Promise<Network> {
    const { networks, endpoints } = this.#state;
    return await this.#turns.run('networks', async () => {
      const { id } = this.#networks.find(reference);
      const users = () => [...new Set(endpoints.onNetwork(id).map(({ sandbox }) => sandbox))];
      return await this.#inTurns(users, async () => {
        const { before, after } = this.#networks.changed(id, update);
        await this.#sandboxes.follow(users(), {
          store: () => this.#networks.replace(after),
          apply: () => this.#networks.transform(before, after),
          undo: async () => {
            this.#networks.replace(before);
            await this.#networks.transform(after, before);
          },
        });
        return networks.get(id) ?? after;
      });
    });
  }

  /** Work while nobody else works on some sandboxes, those included that come while their turns are waited for. */
  async #inTurns<T>(wanted: () => readonly string[], work: () => Promise<T>, held: readonly string[] = []): Promise<T> {
    const next = wanted().find((id) => !held.includes(id));
    if (next === undefined) return await work();
    return await this.#turns.run(next, () => this.#inTurns(wanted, work, [...held, next]));
  }

  /** What of other tools' rules keeps packets of a network from coming in or going out, a sentence each. */
  obstacles(network: Network): string[] {
    return obstacles(network, this.#foreignFilters());
  }

  /** @throws FairleadError `not-found` or `forbidden`. */
  async removeNetwork(reference: string): Promise<void> {
    await this.#turns.run('networks', () => this.#networks.remove(reference));
  }

  /** Endpoints on a network. */
  endpointsOn(network: string): readonly Endpoint[] {
    return this.#state.endpoints.onNetwork(network);
  }

  /** Endpoints of a sandbox, in the order in which they were joined. */
  endpointsIn(sandbox: string): readonly Endpoint[] {
    return this.#state.endpoints.inSandbox(sandbox);
  }

  /** A sandbox, when there is one of this id. */
  sandbox(id: string): Sandbox | undefined {
    return this.#state.sandboxes.get(id);
  }

  /** The ports of a sandbox that others can use now, those that are routed to it with no host port. */
  boundPorts(id: string): readonly BoundPort[] {
    const sandbox = this.#state.sandboxes.get(id);
    if (sandbox === undefined) return [];
    return [...boundPorts(sandbox.mappings), ...routedPorts(sandbox.ports, this.#state.joined(id))];
  }

  /** The ports of a sandbox with who may ask for them; those that are routed to it under its own address. */
  admissions(id: string): readonly AdmittedMapping[] {
    const sandbox = this.#state.sandboxes.get(id);
    if (sandbox === undefined) return [];
    const joined = this.#state.joined(id);
    return [...translatedPorts(sandbox, portGateways(electGateways(joined))), ...openedPorts(sandbox, joined)];
  }

  /** Make a sandbox: its namespace can be used at once, its networks follow with {@link join}. */
  async openSandbox(request: SandboxRequest): Promise<Sandbox> {
    return await this.#sandboxes.open(request);
  }

  /** Join networks in the order given; see {@link Sandboxes.join}. */
  async join(sandbox: string, requests: readonly JoinRequest[]): Promise<readonly Endpoint[]> {
    return await this.#turns.run(sandbox, () => this.#sandboxes.join(sandbox, requests));
  }

  /** Leave a network. */
  async leave(endpoint: Endpoint): Promise<void> {
    await this.#turns.run(endpoint.sandbox, () => this.#sandboxes.leave(endpoint.id));
  }

  /** Give an endpoint other options; see {@link Sandboxes.configure}. */
  async configure(endpoint: Endpoint, config: EndpointConfig): Promise<void> {
    await this.#turns.run(endpoint.sandbox, () => this.#sandboxes.configure(endpoint.id, config));
  }

  /** Change published ports; see {@link Sandboxes.publish}. */
  async publish(sandbox: string, ports: readonly PortBinding[]): Promise<Sandbox> {
    return await this.#turns.run(sandbox, () => this.#sandboxes.publish(sandbox, ports));
  }

  /** Take a sandbox away; harmless when there is none. */
  async closeSandbox(id: string): Promise<void> {
    await this.#turns.run(id, () => this.#sandboxes.close(id));
  }

  /** The container of a sandbox has another name. */
  async renameSandbox(id: string, ownerName: string): Promise<void> {
    await this.#turns.run(id, () => this.#sandboxes.rename(id, ownerName));
  }

  /** The host asks other name servers now: so do the sandboxes that follow it. What cannot be told is logged. */
  async followHostNames(): Promise<void> {
    const { state, records, logger } = this.#reconcile;
    const served = Iterator.from(state.sandboxes).filter(({ resolver }) => resolver !== undefined);
    const tell = async (id: string) => {
      const sandbox = state.sandboxes.get(id);
      if (sandbox !== undefined) await records.serve(sandbox, state.joined(id));
    };
    const told = await Promise.allSettled(served.map(({ id }) => this.#turns.run(id, () => tell(id))));
    for (const outcome of told) {
      if (outcome.status === 'rejected')
        logger.error('name servers not followed', { error: messageOf(outcome.reason) });
    }
  }

  /** A container is gone for good: others may have its addresses. */
  releaseLeases(owner: string): void {
    this.#state.store.transaction(() => this.#state.addresses.releaseAll(owner));
  }

  /** A stopped container leaves a network. */
  releaseLease(network: string, owner: string): void {
    this.#state.addresses.release(network, owner);
  }

  /** Rules that we have not written may be anything: that they cannot be read is no fault of a network's. */
  #foreignFilters(): readonly ForeignFilter[] {
    try {
      return this.#reconcile.kernel.foreignFilters();
    } catch (error) {
      this.#reconcile.logger.warn('rules of others not read', { error: messageOf(error) });
      return [];
    }
  }

  #noteObstacles(networks: readonly Network[]): void {
    const filters = this.#foreignFilters();
    for (const network of networks) {
      for (const obstacle of obstacles(network, filters)) {
        this.#reconcile.logger.warn('rules of others are in the way', { network: network.name, obstacle });
      }
    }
  }

  #repair(): Promise<Reconciliation> {
    return this.#turns.run('repair', () => reconcile(this.#reconcile));
  }
}
