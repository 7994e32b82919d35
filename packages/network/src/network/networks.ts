import { isDeepStrictEqual } from 'node:util';
import {
  FairleadError,
  type Logger,
  lateModule,
  messageOf,
  settleAll,
  shortIdentifier,
  usualModule,
} from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { withForwarding } from '../bridge/bridge-network.ts';
import { diff, removals } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Lans } from '../lan/lans.ts';
import type { Network, NetworkEvent } from '../model.ts';
import { hasNames, namedNetwork } from '../name/dns-names.ts';
import { changedRecords, type RecordChange } from '../name/dns-options.ts';
import type { NameServicePort } from '../name-service-port.ts';
import { PREFIX } from '../network-option.ts';
import { withHostAddresses } from '../parent/host-access.ts';
import type { Prepared, RemoteNetworks } from '../remote/remote-networks.ts';
import { GATEWAY_NETWORK } from '../route/gateway.ts';
import { forwardsIpv6, keepRouterAdvertisements } from '../route/router-advertisements.ts';
import { requireNoService } from '../service/network-users.ts';
import type { NetworkSettings } from '../settings.ts';
import type { NetworkState } from '../state.ts';
import { defaultBridgeNetwork, isOutOfDate } from './default-bridge.ts';
import { foreignLink, hostSurroundings } from './host-surroundings.ts';
import { findNetwork } from './lookup.ts';
import type { WantedPlugins } from './network-factory.ts';
import type { NetworkRequest } from './network-request.ts';
import type { NetworkUpdate } from './network-update.ts';
import { fixedNetwork, predefinedNetworks } from './predefined-networks.ts';
import { forgetIdleSegments, keepUsedSegments } from './segment-growth.ts';

const configs = lateModule(() => import('./config-network.ts'));
const factory = usualModule(() => import('./network-factory.ts'));
const updates = lateModule(() => import('./network-update.ts'));

/** What {@link Networks} works with. */
export interface NetworksContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly settings: NetworkSettings;
  readonly logger: Logger;
  readonly emit: (event: NetworkEvent) => void;
  /** What is done with plugins; absent where there are none. */
  readonly remote?: () => Promise<RemoteNetworks>;
  readonly lans: Lans;
  /** Do work while nobody else makes or removes a network. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The networks of the engine: made, found, removed. */
export class Networks {
  readonly #context: NetworksContext;

  constructor(context: NetworksContext) {
    this.#context = context;
  }

  /** Full id, name, or the beginning of an id. */
  find(reference: string): Network {
    return findNetwork(this.#context.state.networks, reference);
  }

  /** @throws FairleadError in Docker's words; nothing is changed then. */
  async create(request: NetworkRequest): Promise<Network> {
    const wanted = this.#withDefaults(request);
    const plugins = (await factory()).pluginsOf(wanted, this.#context.state.networks);
    const network = plugins === undefined ? await this.#make(wanted) : await this.#makeWithPlugins(wanted, plugins);
    this.#context.emit({ action: 'create', network });
    return network;
  }

  /** The network by which containers get out whose own networks do not lead out; made by the first who needs it. */
  async gatewayNetwork(): Promise<Network> {
    const { turn, state } = this.#context;
    const present = () => Iterator.from(state.networks).find(({ name }) => name === GATEWAY_NETWORK);
    return present() ?? (await turn(async () => present() ?? (await this.#makeGatewayNetwork())));
  }

  async #makeGatewayNetwork(): Promise<Network> {
    // Somebody else's bridge of that name is left to them.
    const name = foreignLink(this.#context.kernel, GATEWAY_NETWORK) === undefined && {
      [`${PREFIX}bridge.name`]: GATEWAY_NETWORK,
    };
    const options = {
      [`${PREFIX}bridge.enable_icc`]: 'false',
      [`${PREFIX}bridge.enable_ip_masquerade`]: 'true',
      ...name,
    };
    const { makeNetwork } = await factory();
    const network = await this.#install(
      makeNetwork({ name: GATEWAY_NETWORK, options }, hostSurroundings(this.#context)),
    );
    this.#context.emit({ action: 'create', network });
    return network;
  }

  /** A network as it would be after a change; nothing is stored. @throws FairleadError for what cannot be changed. */
  async changed(
    reference: string,
    update: NetworkUpdate,
  ): Promise<{ readonly before: Network; readonly after: Network }> {
    const { updatedNetwork } = await updates();
    const before = this.find(reference);
    return { before, after: updatedNetwork(before, update, hostSurroundings(this.#context)) };
  }

  /** Store a network in the place of itself; addresses that were given stay so, and bridges that somebody is on. */
  replace(network: Network): Network {
    const { networks, endpoints, addresses } = this.#context.state;
    addresses.reopen(network);
    return networks.put(keepUsedSegments(endpoints, network));
  }

  /** Bring kernel and name service from one form of a network to another. */
  async transform(before: Network, after: Network): Promise<void> {
    const { kernel, names, state } = this.#context;
    const naming = namedNetwork(after);
    if (hasNames(after) && !isDeepStrictEqual(naming, namedNetwork(before))) await names.setNetwork(naming);
    await kernel.apply(diff(this.#objectsOf(after), state.networkFragment(before)));
  }

  #make(request: NetworkRequest, prepared?: Prepared): Promise<Network> {
    return this.#context.turn(async () => {
      const { makeNetwork } = await factory();
      return await this.#install(makeNetwork(request, hostSurroundings(this.#context), prepared));
    });
  }

  /** Plugins are asked outside of every turn: one that hangs keeps nobody from making other networks. */
  async #makeWithPlugins(request: NetworkRequest, plugins: WantedPlugins): Promise<Network> {
    const remote = await this.#context.remote?.();
    if (remote === undefined) throw (await factory()).noPlugin(plugins.driver ?? plugins.ipam ?? '');
    const prepared = await remote.prepare(plugins.request, plugins.driver);
    let network: Network | undefined;
    try {
      network = await this.#make(remote.named(request), prepared);
      return network.remote === undefined ? network : await remote.finish(network);
    } catch (error) {
      if (network !== undefined) await this.#takeBack(network);
      await prepared.undo();
      throw error;
    }
  }

  /** @throws FairleadError `not-found`, or `forbidden` for predefined networks and those in use. */
  async remove(reference: string): Promise<void> {
    const network = await this.#context.turn(() => this.#remove(this.find(reference)));
    if (network.remote === undefined && network.pools === undefined) return;
    const remote = await this.#context.remote?.();
    await remote?.pay(({ about }) => about === network.id || about.startsWith(`${network.id}/`));
  }

  async #remove(network: Network): Promise<Network> {
    const { kernel, names, emit, lans, state } = this.#context;
    if (predefinedNetworks.includes(network.name)) {
      throw new FairleadError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
    }
    const { requireUnusedConfig } = await configs();
    requireNoService(network, state.services);
    this.#requireUnused(network);
    requireUnusedConfig(network, state.networks);
    state.store.transaction(() => state.dropNetwork(network));
    try {
      await settleAll([
        // Before the interface goes by which their LAN is reached.
        () => lans.sayFarewells(),
        () => applyThoroughly(kernel, removals(this.#unshared(network))),
        () => names.removeNetwork(network.id),
      ]);
    } finally {
      // As with Docker, which makes an event of its beginning only.
      if (network.template === undefined) emit({ action: 'destroy', network });
    }
    return network;
  }

  /** Make sure that the predefined networks are there, the default bridge as configured; nothing is applied yet. */
  ensurePredefined(): void {
    const { state, settings } = this.#context;
    for (const network of state.networks) {
      const wanted = withForwarding(network, settings.forwarding);
      if (wanted.leavesForwarding !== network.leavesForwarding) state.networks.put(wanted);
    }
    const named = new Map([...state.networks].map((network) => [network.name, network]));
    for (const name of ['host', 'none'] as const) if (!named.has(name)) state.networks.put(fixedNetwork(name));
    const bridge = named.get('bridge');
    const isInUse = ({ id }: Network) => state.endpoints.onNetwork(id).length > 0;
    // Changed flags take effect when no container is on the default bridge.
    const isKept = bridge !== undefined && (isInUse(bridge) || !isOutOfDate(bridge, settings));
    if (isKept) return;
    if (bridge !== undefined) this.#forget(bridge);
    if (settings.defaultBridge !== undefined)
      this.#store(defaultBridgeNetwork(this.#context, settings.defaultBridge, bridge?.id));
  }

  /**
   * Change what users have written of names on a network; askers are told from the next question on.
   *
   * @throws FairleadError in which case nothing is changed.
   */
  async changeRecords(reference: string, change: RecordChange): Promise<Network> {
    const { state, names } = this.#context;
    const before = this.find(reference);
    if (!hasNames(before) || before.template !== undefined) {
      throw new FairleadError('invalid-argument', `network ${before.name} has no names`);
    }
    const { records: _, ...plain } = before;
    const records = changedRecords(before.records ?? [], change);
    const after = state.networks.put({ ...plain, ...(records.length > 0 && { records }) });
    try {
      await names.setNetwork(namedNetwork(after));
    } catch (error) {
      state.networks.put(before);
      throw error;
    }
    return after;
  }

  /**
   * Networks that a plugin was asked for when the engine ended, and endpoints on which it had not answered; and further
   * bridges that nobody is on any more.
   */
  dropUnfinished(): void {
    const { state } = this.#context;
    for (const network of state.networks) forgetIdleSegments(state, network);
    const networks = [...state.networks].filter(({ remote }) => remote?.unfinished === true);
    const endpoints = [...state.sandboxes]
      .flatMap(({ id }) => state.endpoints.inSandbox(id))
      .filter(({ remote }) => remote !== undefined && remote.stage !== 'joined');
    if (networks.length + endpoints.length === 0) return;
    state.store.transaction(() => {
      for (const endpoint of endpoints) state.dropEndpoint(endpoint);
      for (const network of networks) state.dropNetwork(network);
    });
  }

  /** What the operator wants of networks whose makers do not say otherwise. */
  #withDefaults(request: NetworkRequest): NetworkRequest {
    const defaults = this.#context.settings.defaultOptions?.[request.driver || 'bridge'];
    if (defaults === undefined || request.configFrom) return request;
    return { ...request, options: { ...defaults, ...request.options } };
  }

  #forget(network: Network): void {
    const { state } = this.#context;
    state.store.transaction(() => {
      state.networks.delete(network.id);
      state.addresses.close(network.id);
    });
  }

  /** @returns the network with the addresses that the host has on it. */
  #store(wanted: Network): Network {
    const { state, settings } = this.#context;
    const network = state.networks.put(withForwarding(wanted, settings.forwarding));
    state.addresses.open(network);
    try {
      return withHostAddresses(network, state);
    } catch (error) {
      this.#forget(network);
      throw error;
    }
  }

  async #install(wanted: Network): Promise<Network> {
    const network = this.#store(wanted);
    const { kernel, names } = this.#context;
    const objects = this.#objectsOf(network);
    const naming = hasNames(network) ? names.setNetwork(namedNetwork(network)) : undefined;
    const [applied, named] = await Promise.allSettled([kernel.apply(diff(objects, [])), naming]);
    const failure = [applied, named].find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') {
      await this.#takeBack(network);
      throw failure.reason;
    }
    return network;
  }

  /** What a network asks of the kernel, and what keeps the host's own routes when it begins to forward. */
  #objectsOf(network: Network): KernelObject[] {
    const fragment = this.#context.state.networkFragment(network);
    const routes = forwardsIpv6(fragment) ? this.#context.kernel.observe('', ['route']) : [];
    return [...keepRouterAdvertisements(fragment, routes), ...fragment];
  }

  async #takeBack(network: Network): Promise<void> {
    const { kernel, names, logger } = this.#context;
    this.#forget(network);
    const own = this.#unshared(network);
    try {
      await settleAll([() => applyThoroughly(kernel, removals(own)), () => names.removeNetwork(network.id)]);
    } catch (error) {
      logger.error('network not taken back completely', { network: network.name, error: messageOf(error) });
    }
  }

  /** What goes with a network that was forgotten: a parent that others use, too, stays. */
  #unshared(network: Network): KernelObject[] {
    const { parent } = network;
    const { state } = this.#context;
    const others = Iterator.from(state.networks);
    if (parent?.made === undefined || !others.some((other) => other.parent?.name === parent.name)) {
      return state.networkFragment(network);
    }
    const { made: _, ...rest } = parent;
    return state.networkFragment({ ...network, parent: rest });
  }

  #requireUnused(network: Network): void {
    const endpoints = this.#context.state.endpoints.onNetwork(network.id);
    if (endpoints.length === 0) return;
    const list = endpoints.map((endpoint) => `name:"${endpoint.ownerName}" id:"${shortIdentifier(endpoint.id)}"`);
    const message = `network ${network.name} has active endpoints (${list.join(', ')})`;
    throw new FairleadError('forbidden', `error while removing network: ${message}`);
  }
}
