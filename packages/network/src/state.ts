import { FairleadError, prefixContains } from '@fairlead/base';
import { antispoofTable, segmentsTable } from '@fairlead/firewall';
import type { KernelObject, TableDefinition } from '@fairlead/netlink';
import type { Collection, Store } from '@fairlead/store';
import { AddressBook } from './address/address-book.ts';
import { isGuarded } from './endpoint/antispoof.ts';
import { EndpointTable } from './endpoint/endpoint-table.ts';
import { networkFragment, wholeSandboxFragment } from './kernel/fragment.ts';
import type { Farewell } from './lan/lan-model.ts';
import { isLan, uplinkOf } from './lan/lan-network.ts';
import type { Endpoint, Lease, Network, Sandbox } from './model.ts';
import type { Debt, DebtMessage } from './remote/remote-model.ts';
import type { Joined } from './route/gateway.ts';
import type { StoredService } from './service/service-model.ts';
import { serviceFragment } from './service/service-ports.ts';
import type { TableSettings } from './settings.ts';

/** Everything that is known of networks, sandboxes and endpoints, as the store holds it. */
export class NetworkState {
  readonly store: Store;
  readonly networks: Collection<Network>;
  readonly sandboxes: Collection<Sandbox>;
  readonly endpoints: EndpointTable;
  readonly addresses: AddressBook;
  /** What plugins have still to be told; see {@link NetworkState.owe}. */
  readonly debts: Collection<Debt>;
  readonly #antispoofTable: TableDefinition;
  readonly #segmentsTable: TableDefinition;
  readonly #tables: TableSettings;
  /** What servers of LANs have still to be told. */
  readonly farewells: Collection<Farewell>;
  /** Forwarding, by its sysctl, that was off when the engine came. */
  readonly unforwarded: Collection<{ readonly id: string }>;
  /** Services whose containers stand for one another. */
  readonly services: Collection<StoredService>;
  #lastDebt: number;

  /** @param tables of those that are there for some networks and sandboxes only. */
  constructor(store: Store, tables: TableSettings) {
    this.store = store;
    this.#tables = tables;
    this.#antispoofTable = antispoofTable(tables);
    this.#segmentsTable = segmentsTable(tables);
    this.networks = store.collection<Network>('network');
    this.sandboxes = store.collection<Sandbox>('sandbox');
    this.endpoints = new EndpointTable(store.collection<Endpoint>('endpoint'));
    this.addresses = new AddressBook(store.collection<Lease>('lease'), this.networks);
    this.debts = store.collection<Debt>('debt');
    this.farewells = store.collection<Farewell>('farewell');
    this.unforwarded = store.collection<{ readonly id: string }>('unforwarded');
    this.services = store.collection<StoredService>('balanced-service');
    this.#lastDebt = Math.max(0, ...[...this.debts].map(({ id }) => Number(id)));
  }

  /** @throws FairleadError `not-found`. */
  sandbox(id: string): Sandbox {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) throw new FairleadError('not-found', `sandbox ${id} not found`);
    return sandbox;
  }

  /** The endpoints of a sandbox with their networks, in the order in which they were joined. */
  joined(sandbox: string): Joined[] {
    return this.endpoints.inSandbox(sandbox).flatMap((endpoint) => {
      const network = this.networks.get(endpoint.network);
      return network === undefined ? [] : [{ endpoint, network }];
    });
  }

  /** What one sandbox with its endpoints asks of the kernel. */
  fragment(sandbox: Sandbox): KernelObject[] {
    const joined = this.joined(sandbox.id);
    const fragment = wholeSandboxFragment(sandbox, joined, this.#tables);
    if (!joined.some(isGuarded)) return fragment;
    return [{ kind: 'table', namespace: '', definition: this.#antispoofTable }, ...fragment];
  }

  /** What one network asks of the kernel. */
  networkFragment(network: Network): KernelObject[] {
    const fragment = networkFragment(network);
    if (network.bridge?.segments === undefined) return fragment;
    return [{ kind: 'table', namespace: '', definition: this.#segmentsTable }, ...fragment];
  }

  /** What all networks, sandboxes and services together ask of the kernel of the host, and sandboxes of their own. */
  desired(): KernelObject[] {
    const networks = Iterator.from(this.networks).flatMap((network) => this.networkFragment(network));
    const sandboxes = Iterator.from(this.sandboxes).flatMap((sandbox) => this.fragment(sandbox));
    const services = Iterator.from(this.services).flatMap((service) => serviceFragment(this, service));
    return [...networks, ...sandboxes, ...services];
  }

  /** Forget a sandbox and its endpoints; the leases stay with the container. */
  dropSandbox(id: string): void {
    this.store.transaction(() => {
      for (const endpoint of this.endpoints.inSandbox(id)) this.dropEndpoint(endpoint);
      this.sandboxes.delete(id);
    });
  }

  /** Forget an endpoint; a plugin that knows it is told later. To be called inside a transaction. */
  dropEndpoint(endpoint: Endpoint): void {
    const { id, network, remote } = endpoint;
    this.endpoints.delete(endpoint);
    const plugin = this.networks.get(network)?.driver;
    if (remote === undefined || plugin === undefined) return;
    if (remote.leading === true) this.owe(plugin, id, { kind: 'revoke', network, endpoint: id });
    if (remote.stage === 'joining' || remote.stage === 'joined')
      this.owe(plugin, id, { kind: 'leave', network, endpoint: id });
    this.owe(plugin, id, { kind: 'delete-endpoint', network, endpoint: id });
  }

  /** Forget a network and its leases; plugins that know it are told later. To be called inside a transaction. */
  dropNetwork(network: Network): void {
    const { id, driver, ipamDriver, remote, pools = [] } = network;
    if (network.pools !== undefined)
      for (const lease of this.addresses.leasesOn(id)) this.#oweAddresses(network, lease);
    for (const lease of this.addresses.leasesOn(id)) this.#bidFarewell(network, lease);
    for (const pool of pools) {
      for (const address of pool.kept) this.owe(ipamDriver, id, { kind: 'release-address', pool: pool.id, address });
      this.owe(ipamDriver, id, { kind: 'release-pool', pool: pool.id });
    }
    if (remote !== undefined) this.owe(driver, id, { kind: 'delete-network', network: id });
    this.networks.delete(id);
    this.addresses.close(id);
  }

  /** Give back what a container has on a network; a plugin that gave it is told later. */
  releaseLease(id: string, owner: string): void {
    this.store.transaction(() => {
      const network = this.networks.get(id);
      const lease = this.addresses.find(id, owner);
      if (network?.pools !== undefined && lease !== undefined) this.#oweAddresses(network, lease);
      if (network !== undefined && lease !== undefined) this.#bidFarewell(network, lease);
      this.addresses.release(id, owner);
    });
  }

  /** Give back everything that a container has. */
  releaseLeases(owner: string): void {
    this.store.transaction(() => {
      for (const network of this.networks) {
        if (network.pools !== undefined || isLan(network)) this.releaseLease(network.id, owner);
      }
      this.addresses.releaseAll(owner);
    });
  }

  /** Note what a plugin has to be told; it is forgotten when the plugin has been told. */
  owe(plugin: string, about: string, message: DebtMessage): void {
    this.#lastDebt += 1;
    this.debts.put({ id: String(this.#lastDebt).padStart(16, '0'), plugin, about, message });
  }

  #bidFarewell(network: Network, { id, owner, mac, lan }: Lease): void {
    const uplink = uplinkOf(network);
    if (lan === undefined || mac === undefined || uplink === undefined) return;
    this.farewells.put({ id, uplink, network: network.id, owner, mac, lan });
  }

  #oweAddresses({ ipamDriver, subnets, pools }: Network, { id, ipv4, ipv6 }: Lease): void {
    for (const address of [ipv4, ipv6]) {
      const pool = address && pools?.[subnets.findIndex(({ subnet }) => prefixContains(subnet, address))];
      if (address && pool) this.owe(ipamDriver, id, { kind: 'release-address', pool: pool.id, address });
    }
  }
}
