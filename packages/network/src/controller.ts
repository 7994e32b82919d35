import { KeyedMutex, lateModule, runTogether } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { SubnetUsage } from './address/address-book.ts';
import { Announcements } from './address/announcements.ts';
import { BridgeGuests } from './bridge/bridge-guests.ts';
import { GatewayWatch } from './bridge/gateway-watch.ts';
import { kernelCapacity } from './bridge/segments.ts';
import type { ControllerContext } from './controller-context.ts';
import type { JoinRequest } from './endpoint/endpoint-factory.ts';
import { type Reconciliation, reconcile, reconcileHost, withdraw } from './kernel/reconcile.ts';
import type { ReconcileContext } from './kernel/reconcile-context.ts';
import { Lans } from './lan/lans.ts';
import type { Endpoint, EndpointConfig, Network, Sandbox } from './model.ts';
import type { RecordChange } from './name/dns-options.ts';
import { followHostNames } from './name/host-names.ts';
import { NameRecords } from './name/name-records.ts';
import type { NetworkRequest } from './network/network-request.ts';
import type { NetworkUpdate } from './network/network-update.ts';
import { Networks } from './network/networks.ts';
import type { AdmittedMapping } from './port/port-admission.ts';
import { PortBook } from './port/port-book.ts';
import type { BoundPort, PortBinding } from './port/port-model.ts';
import { admittedPorts, usablePorts } from './port/sandbox-ports.ts';
import { lateRemoteNetworks, recoverPlugins } from './remote/late-remote-networks.ts';
import { giveBackInterfaces } from './remote/moved-interfaces.ts';
import type { RemoteNetworks } from './remote/remote-networks.ts';
import { type GatewayServiceParts, settleGatewayService } from './route/gateway-service.ts';
import type { SandboxRequest } from './sandbox/sandbox-context.ts';
import { Sandboxes } from './sandbox/sandboxes.ts';
import { forgetEndpoints } from './sandbox/stale-connections.ts';
import type { BalancedService, VirtualAddress } from './service/service-model.ts';
import { Services } from './service/services.ts';
import { tableSettings } from './settings.ts';
import { NetworkState } from './state.ts';
import { HostFacts } from './watch/host-facts.ts';
import { noteObstacles, obstacles, readableFilters } from './watch/obstacles.ts';

const hostWatch = lateModule(() => import('./watch/host-watch.ts'));

/**
 * The front door of the network model. Work on one sandbox is done in the order asked for; different sandboxes do not
 * wait for each other.
 */
export class NetworkController {
  readonly #state: NetworkState;
  readonly #onRepair: ControllerContext['onRepair'];
  readonly #networks: Networks;
  readonly #sandboxes: Sandboxes;
  readonly #gatewayService: GatewayServiceParts;
  readonly #reconcile: ReconcileContext;
  readonly #remote: (() => Promise<RemoteNetworks>) | undefined;
  readonly #lans: Lans;
  readonly #guests: BridgeGuests;
  readonly #facts: HostFacts;
  readonly #services: Services;
  readonly #turns = new KeyedMutex();
  #keeper: Disposable | undefined;

  constructor(context: ControllerContext) {
    const { kernel, names, settings, emit, logger, onClaim } = context;
    this.#onRepair = context.onRepair;
    const { namespacePrefix, hostTables, forwarding = true, isShared = () => false } = settings;
    const state = new NetworkState(context.store, tableSettings(settings));
    const records = new NameRecords(names, settings.hostResolvConf);
    const ports = new PortBook(names);
    this.#state = state;
    const remote = lateRemoteNetworks(context, state);
    const networkTurn = <T>(work: () => Promise<T>) => this.#turns.run('networks', work);
    this.#remote = remote;
    const announcements = new Announcements(kernel, logger);
    const turn = <T>(sandbox: string, work: () => Promise<T>) => this.#turns.run(sandbox, work);
    const gateways = new GatewayWatch({ state, kernel, access: context.claims, logger, onClaim });
    const guests = new BridgeGuests({ state, kernel, isShared, gateways, logger, onClaim });
    this.#guests = guests;
    const facts = new HostFacts({ state, kernel, logger });
    this.#facts = facts;
    const lans = new Lans({
      ...{ state, logger, onClaim, access: context.lan },
      follower: () => ({ ...parts, turn, sandboxes: this.#sandboxes }),
    });
    const parts = {
      ...{ state, kernel, records, ports, announcements, namespacePrefix, logger, emit, lans, guests },
      capacity: settings.bridgeCapacity ?? kernelCapacity,
      ...(remote && { remote }),
    };
    this.#lans = lans;
    const serviceTurn = <T>(work: () => Promise<T>) => this.#turns.run('services', work);
    const balances = hostTables.some(({ chains }) => chains.some(({ name }) => name === 'mesh4'));
    this.#services = new Services({ state, kernel, names, logger, balances, turn: serviceTurn });
    this.#networks = new Networks({
      ...{ state, kernel, names, settings, logger, emit, lans, turn: networkTurn },
      ...(remote && { remote }),
    });
    this.#sandboxes = new Sandboxes(parts);
    this.#gatewayService = { state, networks: this.#networks, sandboxes: this.#sandboxes };
    const host = { namespacePrefix, hostTables, forwarding, isShared, guests, facts };
    this.#reconcile = { state, kernel, names, records, ports, ...host, logger, turn };
  }

  /**
   * Bring everything to what the store says; to be called before anything else. What is one sandbox's alone is left to
   * {@link Reconciliation.compareSandboxes}.
   *
   * @param lives whether the container that a sandbox was made for still runs; the others' sandboxes are taken away.
   */
  async start(lives: (sandbox: Sandbox) => boolean): Promise<Reconciliation> {
    const dead = [...this.#state.sandboxes].filter((sandbox) => !lives(sandbox));
    const endpoints = dead.flatMap(({ id }) => this.#state.endpoints.inSandbox(id));
    const fragments = dead.flatMap((sandbox) => this.#state.fragment(sandbox));
    for (const { id } of dead) this.#state.dropSandbox(id);
    this.#networks.dropUnfinished();
    this.#networks.ensurePredefined();
    await giveBackInterfaces(this.#reconcile, fragments);
    const reconciliation = await this.#repair();
    await forgetEndpoints(this.#reconcile.kernel, endpoints);
    const compareSandboxes = async () => {
      const changes = await reconciliation.compareSandboxes();
      this.#noteObstacles(this.networks());
      void recoverPlugins(this.#state, this.#remote, this.#reconcile.logger);
      void this.#lans.recover();
      return changes;
    };
    return { ...reconciliation, compareSandboxes };
  }

  /**
   * Compare kernel and name service with the store and put right what differs. What cannot be put right is logged, and
   * does not keep the rest from it.
   *
   * @returns the changes that were needed in the kernel.
   */
  async repair(): Promise<readonly Change[]> {
    const { changes, compareSandboxes } = await this.#repair();
    return [...changes, ...(await compareSandboxes())];
  }

  /** Follow what others do to the host's namespace from now on; see `watchHost`. @param repairs put back what they take. */
  async watchHost(repairs: boolean): Promise<Disposable> {
    const { watchHost } = await hostWatch();
    const { state, kernel, logger, hostTables } = this.#reconcile;
    const repair = () => this.#turns.run('repair', () => reconcileHost(this.#reconcile));
    const rulesAreProtected = tableSettings({ hostTables }).protected;
    const told = { ...(repairs && { repair }), ...(this.#onRepair && { onRepair: this.#onRepair }) };
    const parts = { guests: this.#guests, facts: this.#facts, ...told };
    this.#keeper = await watchHost({ state, kernel, logger, rulesAreProtected, ...parts });
    return this.#keeper;
  }

  /** Take everything from the kernel, until the next start; to be called when no container runs. */
  async withdraw(): Promise<void> {
    this.#keeper?.[Symbol.dispose]();
    await this.#turns.run('repair', () => withdraw(this.#reconcile));
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
    const network = await this.#networks.create(request);
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
      return await runTogether(this.#turns, users, async () => {
        const { before, after } = await this.#networks.changed(id, update);
        const meets = before.bridge?.icc === false && after.bridge?.icc !== false;
        await this.#sandboxes.follow(users(), {
          store: () => void this.#networks.replace(after),
          apply: () => this.#networks.transform(before, after),
          undo: async () => {
            await this.#networks.transform(after, this.#networks.replace(before));
          },
        });
        this.#guests.review();
        this.#facts.follow();
        if (meets) this.#sandboxes.introduce(endpoints.onNetwork(id));
        return networks.get(id) ?? after;
      });
    });
  }

  /** Change what users have written of names on a network; see {@link Networks.changeRecords}. */
  async changeRecords(reference: string, change: RecordChange): Promise<Network> {
    return await this.#turns.run('networks', () => this.#networks.changeRecords(reference, change));
  }

  /** What of other tools' rules keeps packets of a network from coming in or going out, a sentence each. */
  obstacles(network: Network): string[] {
    return obstacles(network, readableFilters(this.#reconcile));
  }

  /** Routes of others that lead away with addresses of a network, a sentence each. */
  async overlaps(network: Network): Promise<string[]> {
    const { overlapTexts } = await hostWatch();
    return overlapTexts({ networks: this.#state.networks, kernel: this.#reconcile.kernel }, network);
  }

  /** What there is to say of others on the bridge of a network, a sentence each: another engine, addresses used twice. */
  sharing(network: Network): { readonly engines: string[]; readonly clashes: string[] } {
    return this.#guests.sharing(network);
  }

  /** How much of each subnet of a network is used. */
  usage({ id }: Network): readonly SubnetUsage[] {
    return this.#state.addresses.usage(id);
  }

  /** @throws FairleadError `not-found` or `forbidden`. */
  async removeNetwork(reference: string): Promise<void> {
    await this.#networks.remove(reference);
    this.#facts.follow();
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

  /** See {@link usablePorts}. */
  boundPorts(id: string): readonly BoundPort[] {
    return usablePorts(this.#state, id);
  }

  /** See {@link admittedPorts}. */
  admissions(id: string): readonly AdmittedMapping[] {
    return admittedPorts(this.#state, id);
  }

  /** Make a sandbox: its namespace can be used at once, its networks follow with {@link join}. */
  async openSandbox(request: SandboxRequest): Promise<Sandbox> {
    return await this.#sandboxes.open(request);
  }

  /** Join networks in the order given; see {@link Sandboxes.join}. */
  async join(sandbox: string, requests: readonly JoinRequest[], signal?: AbortSignal): Promise<readonly Endpoint[]> {
    const joined = await this.#turns.run(sandbox, async () => {
      const endpoints = await this.#sandboxes.join(sandbox, requests, signal);
      try {
        await settleGatewayService(this.#gatewayService, sandbox);
      } catch (error) {
        for (const { id } of endpoints) await this.#sandboxes.leave(id);
        throw error;
      }
      return endpoints;
    });
    await this.#services.follow(sandbox, this.#state.sandboxes.get(sandbox)?.owner);
    return joined;
  }

  /** Leave a network; see {@link Sandboxes.leave}. */
  async leave(endpoint: Endpoint, signal?: AbortSignal): Promise<void> {
    await this.#turns.run(endpoint.sandbox, async () => {
      await this.#sandboxes.leave(endpoint.id, signal);
      await settleGatewayService(this.#gatewayService, endpoint.sandbox);
    });
    await this.#services.follow(endpoint.sandbox, endpoint.owner);
  }

  /** Give an endpoint other options; see {@link Sandboxes.configure}. */
  async configure(endpoint: Endpoint, config: EndpointConfig): Promise<void> {
    await this.#turns.run(endpoint.sandbox, () => this.#sandboxes.configure(endpoint.id, config));
  }

  /** Change published ports; see {@link Sandboxes.publish}. */
  async publish(sandbox: string, ports: readonly PortBinding[], signal?: AbortSignal): Promise<Sandbox> {
    return await this.#turns.run(sandbox, () => this.#sandboxes.publish(sandbox, ports, signal));
  }

  /** Take a sandbox away; harmless when there is none. */
  async closeSandbox(id: string): Promise<void> {
    const owner = this.#state.sandboxes.get(id)?.owner;
    await this.#turns.run(id, () => this.#sandboxes.close(id));
    await this.#services.follow(id, owner);
  }

  /** The container of a sandbox has another name. */
  async renameSandbox(id: string, ownerName: string): Promise<void> {
    await this.#turns.run(id, () => this.#sandboxes.rename(id, ownerName));
  }

  /** Say whether the container of a sandbox is well: names that it shares with others lead to it then. */
  async setReady(id: string, ready: boolean): Promise<void> {
    const { state, records } = this.#reconcile;
    await this.#turns.run(id, () => records.setReady(state, id, ready));
  }

  /** The host asks other name servers now: so do the sandboxes that follow it. What cannot be told is logged. */
  async followHostNames(): Promise<void> {
    await followHostNames(this.#reconcile);
  }

  /** Every service whose containers stand for one another. */
  services(): readonly BalancedService[] {
    return [...this.#state.services];
  }

  /** Keep an address on a network for a service; see {@link Services.holdVirtualAddress}. */
  holdVirtualAddress(network: string, service: string): VirtualAddress {
    return this.#services.holdVirtualAddress(network, service);
  }

  /** Bring a service to what it shall be; see {@link Services.set}. */
  async setService(service: BalancedService): Promise<void> {
    await this.#services.set(service);
  }

  /** Forget a service with its ports, names and addresses; harmless when there is none. */
  async removeService(id: string): Promise<void> {
    await this.#services.remove(id);
  }

  /** A container is gone for good: others may have its addresses. */
  releaseLeases(owner: string): void {
    this.#state.releaseLeases(owner);
    this.#payFor(owner);
  }

  /** A stopped container leaves a network. */
  releaseLease(network: string, owner: string): void {
    this.#state.releaseLease(network, owner);
    this.#payFor(owner);
  }

  /** Plugins and LANs that gave addresses are told in their own time. */
  #payFor(owner: string): void {
    void this.#lans.sayFarewells();
    if (this.#remote === undefined || !Iterator.from(this.#state.debts).some(({ about }) => about.endsWith(owner)))
      return;
    void this.#remote().then((remote) => remote.payFor(owner));
  }

  #noteObstacles(networks: readonly Network[]): void {
    noteObstacles(networks, readableFilters(this.#reconcile), this.#reconcile.logger);
    this.#guests.review();
    this.#facts.follow();
  }

  async #repair(): Promise<Reconciliation> {
    return await this.#turns.run('repair', async () => {
      const reconciliation = await reconcile(this.#reconcile);
      this.#services.noteReconciled();
      return reconciliation;
    });
  }
}
