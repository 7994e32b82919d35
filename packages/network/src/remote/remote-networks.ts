import { FairleadError, type Family, type Logger, messageOf, newIdentifier } from '@fairlead/base';
import { PluginRefusal } from '@fairlead/plugins';
import type { JoinRequest } from '../endpoint/endpoint-factory.ts';
import type { Network, Sandbox } from '../model.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import { familyOptions } from '../network-option.ts';
import type { Joined } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import { Debts } from './debts.ts';
import type { PluginAccess, PluginPort } from './plugin-port.ts';
import { RemoteEndpoints } from './remote-endpoints.ts';
import { RemoteLeases } from './remote-leases.ts';
import type { Debt, RemotePool } from './remote-model.ts';
import { drivenNetwork } from './remote-network.ts';
import { type PreparedPools, requestPools } from './remote-pools.ts';

/** What plugins have said about a network that is to be made. */
export interface Prepared {
  /** Present where a plugin gives the addresses. */
  readonly addresses?: PreparedPools;
  /** Plugins take back what they have given. */
  readonly undo: () => Promise<void>;
}

/** Everything that is done with plugins; loaded when the first one is needed. */
export class RemoteNetworks {
  readonly #state: NetworkState;
  readonly #plugins: PluginPort;
  readonly #logger: Logger;
  readonly #debts: Debts;
  readonly #leases: RemoteLeases;
  readonly #endpoints: RemoteEndpoints;

  constructor(state: NetworkState, plugins: PluginPort, access: PluginAccess, logger: Logger) {
    this.#state = state;
    this.#plugins = plugins;
    this.#logger = logger;
    this.#debts = new Debts(state, plugins, logger);
    this.#leases = new RemoteLeases(state, plugins);
    this.#endpoints = new RemoteEndpoints(state, plugins, access.namespacePath);
  }

  /**
   * Find the plugins that a network asks for, and have its pools given.
   *
   * @param driver name of the plugin that shall drive it, if one shall.
   * @throws FairleadError in Docker's words; nothing is taken then.
   */
  async prepare(request: NetworkRequest, driver: string | undefined): Promise<Prepared> {
    if (driver !== undefined) await this.#requireLocal(driver, request);
    const { ipam } = request;
    const name = ipam?.driver || 'default';
    if (ipam === undefined || name === 'default' || name === 'null') return { undo: async () => {} };
    const plugin = await this.#plugins.ipamDriver(name);
    const isParent = request.driver === 'macvlan' || request.driver === 'ipvlan';
    const gateway = isParent ? 'asked' : 'auto';
    const giveBack = (pools: readonly RemotePool[]) => this.#giveBack(name, pools);
    const addresses = await requestPools(plugin, { ipam, families: familiesOf(request), gateway }, giveBack);
    return { addresses, undo: () => giveBack(addresses.pools) };
  }

  /** A request with what plugins call themselves: those that the engine runs are asked for with or without their tags. */
  named(request: NetworkRequest): NetworkRequest {
    const { driver, ipam } = request;
    return {
      ...request,
      ...(driver && { driver: this.#plugins.nameOf(driver) }),
      ...(ipam?.driver && { ipam: { ...ipam, driver: this.#plugins.nameOf(ipam.driver) } }),
    };
  }

  /** Have a network made that is stored as unfinished. @throws FairleadError in the plugin's words. */
  async finish(network: Network): Promise<Network> {
    const driver = await this.#plugins.networkDriver(network.driver);
    try {
      await driver.createNetwork(drivenNetwork(network));
    } catch (error) {
      if (!(error instanceof PluginRefusal)) await this.#sayUnwanted(network);
      throw error;
    }
    return this.#state.networks.put({ ...network, remote: {} });
  }

  /** Nobody knows whether a plugin has made a network that it was asked for. */
  async #sayUnwanted({ id, driver }: Network): Promise<void> {
    this.#state.owe(driver, id, { kind: 'delete-network', network: id });
    await this.pay(({ about }) => about === id);
  }

  /** See that a container has what it needs of plugins before its endpoints are stored. @returns how to give it back. */
  async lease(owner: string, requests: readonly JoinRequest[], signal?: AbortSignal): Promise<() => Promise<void>> {
    const fresh = await this.#leases.ensure(owner, requests, signal).finally(() => this.payFor(owner));
    return async () => {
      for (const network of fresh) this.#state.releaseLease(network, owner);
      await this.payFor(owner);
    };
  }

  /** See {@link RemoteEndpoints.connect}. */
  async connect(sandbox: Sandbox, added: readonly Joined[], signal?: AbortSignal): Promise<void> {
    await this.#endpoints.connect(sandbox, added, signal);
  }

  /** See {@link RemoteEndpoints.lead}. */
  async lead(sandbox: string, anew = false, signal?: AbortSignal): Promise<void> {
    await this.#endpoints.lead(sandbox, anew, signal);
  }

  /** Tell plugins what they have still to be told; see {@link Debts.pay}. */
  async pay(isWanted: (debt: Debt) => boolean): Promise<void> {
    await this.#debts.pay(isWanted);
  }

  /** Addresses of a container that are no longer its own. */
  async payFor(owner: string): Promise<void> {
    await this.pay(({ about }) => about.endsWith(`/${owner}`));
  }

  /** After a start: tell what was left, and what plugins have forgotten. Never rejects. */
  async recover(): Promise<void> {
    await this.#debts.pay(() => true, true);
    for (const network of [...this.#state.networks]) {
      if (network.pools === undefined) continue;
      await this.#leases.replay(network).catch((error: unknown) => {
        this.#logger.warn('addresses not told to plugin', { network: network.name, error: messageOf(error) });
      });
    }
  }

  /** Pools of a network that has not come to be; a plugin that does not listen now is told later. */
  async #giveBack(plugin: string, pools: readonly RemotePool[]): Promise<void> {
    const about = newIdentifier();
    this.#state.store.transaction(() => {
      for (const { id: pool, kept } of pools) {
        for (const address of kept) this.#state.owe(plugin, about, { kind: 'release-address', pool, address });
        this.#state.owe(plugin, about, { kind: 'release-pool', pool });
      }
    });
    await this.pay((debt) => debt.about === about);
  }

  async #requireLocal(name: string, { scope }: NetworkRequest): Promise<void> {
    const driver = await this.#plugins.networkDriver(name);
    if ((await driver.scope()) === 'local') return;
    const reason =
      scope === 'local'
        ? `cannot downgrade network scope for ${name} networks`
        : 'Cannot create a multi-host network from a worker node. Please create the network from a manager node.';
    throw new FairleadError('forbidden', reason);
  }
}

/** IP versions of a network that is to be made. */
function familiesOf(request: NetworkRequest): Family[] {
  const options = familyOptions(request.options ?? {});
  const ipv4 = request.ipv4 ?? options.ipv4 ?? true;
  const ipv6 = request.ipv6 ?? options.ipv6 ?? false;
  return [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
}
