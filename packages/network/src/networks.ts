import { FairleadError, type Prefix, parsePrefix, shortIdentifier, tryParseIpAddress } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import { diff, removals } from './diff.ts';
import { networkFragment } from './fragment.ts';
import type { KernelPort } from './kernel-port.ts';
import { findNetwork } from './lookup.ts';
import type { Network, NetworkEvent, NetworkRequest } from './model.ts';
import type { NameServicePort } from './name-service-port.ts';
import { bridgeNetwork, fixedNetwork, makeNetwork, type NetworkSurroundings, predefinedNetworks } from './network-factory.ts';
import { parseResolvConf } from './resolv-conf.ts';
import type { NetworkSettings } from './settings.ts';
import type { NetworkState } from './state.ts';

/** What {@link Networks} works with. */
export interface NetworksContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly settings: NetworkSettings;
  readonly emit: (event: NetworkEvent) => void;
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
    const network = await this.#install(makeNetwork(request, this.#surroundings()));
    this.#context.emit({ action: 'create', network });
    return network;
  }

  /** @throws FairleadError `not-found`, or `forbidden` for predefined networks and those in use. */
  async remove(reference: string): Promise<void> {
    const { state, kernel, names, emit } = this.#context;
    const network = this.find(reference);
    if (predefinedNetworks.includes(network.name)) {
      throw new FairleadError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
    }
    this.#requireUnused(network);
    const fragment = networkFragment(network);
    state.store.transaction(() => {
      state.networks.delete(network.id);
      state.addresses.close(network.id);
    });
    await kernel.apply(removals(fragment));
    await names.removeNetwork(network.id);
    emit({ action: 'destroy', network });
  }

  /** Make sure that the predefined networks are there, the default bridge as configured; nothing is applied yet. */
  ensurePredefined(): void {
    const { state, settings } = this.#context;
    const named = new Map([...state.networks].map((network) => [network.name, network]));
    for (const name of ['host', 'none'] as const) if (!named.has(name)) state.networks.put(fixedNetwork(name));
    const bridge = named.get('bridge');
    if (bridge !== undefined && !this.#mustRemake(bridge)) return;
    if (bridge !== undefined) this.#forget(bridge);
    if (settings.defaultBridge !== undefined) this.#store(this.#defaultBridge(settings.defaultBridge, bridge?.id));
  }

  #defaultBridge(wanted: NonNullable<NetworkSettings['defaultBridge']>, id: string | undefined): Network {
    const options = {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': String(wanted.masquerade),
      'com.docker.network.bridge.host_binding_ipv4': wanted.hostBinding ?? '0.0.0.0',
      'com.docker.network.bridge.name': wanted.bridge,
      'com.docker.network.driver.mtu': String(this.#context.settings.mtu),
    };
    const request = { name: 'bridge', ipv6: wanted.ipv6, options, ipam: { config: wanted.config } };
    const network = bridgeNetwork(request, this.#surroundings());
    // The network keeps its identity when its settings change, unlike Docker's.
    return { ...network, id: id ?? network.id };
  }

  /** Changed flags take effect when no container is on the default bridge. */
  #mustRemake(bridge: Network): boolean {
    const { state, settings } = this.#context;
    if (state.endpoints.onNetwork(bridge.id).length > 0) return false;
    const wanted = settings.defaultBridge;
    if (wanted === undefined) return true;
    const subnets = wanted.config.map(({ subnet }) => subnet && parsePrefix(subnet));
    return (
      bridge.bridge?.name !== wanted.bridge ||
      bridge.ipv6 !== wanted.ipv6 ||
      bridge.bridge.mtu !== settings.mtu ||
      bridge.bridge.masquerade !== wanted.masquerade ||
      subnets.some((subnet) => !bridge.subnets.some((config) => config.subnet === subnet))
    );
  }

  #forget(network: Network): void {
    this.#context.state.networks.delete(network.id);
    this.#context.state.addresses.close(network.id);
  }

  #store(network: Network): void {
    const { state } = this.#context;
    state.networks.put(network);
    state.addresses.open(network);
  }

  async #install(network: Network): Promise<Network> {
    const { kernel, names } = this.#context;
    const fragment = networkFragment(network);
    this.#store(network);
    try {
      await Promise.all([kernel.apply(diff(fragment, [])), names.setNetwork({ id: network.id, name: network.name })]);
    } catch (error) {
      this.#forget(network);
      await kernel.apply(removals(fragment));
      throw error;
    }
    return network;
  }

  #requireUnused(network: Network): void {
    const endpoints = this.#context.state.endpoints.onNetwork(network.id);
    if (endpoints.length === 0) return;
    const list = endpoints.map((endpoint) => `name:"${endpoint.ownerName}" id:"${shortIdentifier(endpoint.id)}"`);
    const message = `network ${network.name} has active endpoints (${list.join(', ')})`;
    throw new FairleadError('forbidden', `error while removing network: ${message}`);
  }

  #surroundings(): NetworkSurroundings {
    const { state, kernel, settings } = this.#context;
    let links: ReturnType<KernelPort['observe']> | undefined;
    return {
      networks: state.networks,
      sources: settings.sources,
      mtu: settings.mtu,
      reserved: [...this.#hostRoutes(), ...this.#nameServers()],
      linkExists: (name) => {
        links ??= kernel.observe('', ['link']);
        return links.some((link) => link.kind === 'link' && link.name === name && !isOwnAlias(link.alias));
      },
    };
  }

  #hostRoutes(): Prefix[] {
    return this.#context.kernel
      .observe('', ['route'])
      .flatMap((object) => (object.kind === 'route' && !object.destination.endsWith('/0') ? [object.destination] : []));
  }

  #nameServers(): Prefix[] {
    return parseResolvConf(this.#context.settings.hostResolvConf()).servers.flatMap((server) => {
      const address = tryParseIpAddress(server);
      return address === undefined ? [] : [parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`)];
    });
  }
}
