import { FairleadError } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { Collection, Store } from '@fairlead/store';
import { AddressBook } from './address-book.ts';
import { EndpointTable } from './endpoint-table.ts';
import { networkFragment, wholeSandboxFragment } from './fragment.ts';
import type { Joined } from './gateway.ts';
import type { Endpoint, Lease, Network, Sandbox } from './model.ts';

/** Everything that is known of networks, sandboxes and endpoints, as the store holds it. */
export class NetworkState {
  readonly store: Store;
  readonly networks: Collection<Network>;
  readonly sandboxes: Collection<Sandbox>;
  readonly endpoints: EndpointTable;
  readonly addresses: AddressBook;

  constructor(store: Store) {
    this.store = store;
    this.networks = store.collection<Network>('network');
    this.sandboxes = store.collection<Sandbox>('sandbox');
    this.endpoints = new EndpointTable(store.collection<Endpoint>('endpoint'));
    this.addresses = new AddressBook(store.collection<Lease>('lease'), this.networks);
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
    return wholeSandboxFragment(sandbox, this.joined(sandbox.id));
  }

  /** What all networks and sandboxes together ask of the kernel. */
  desired(): KernelObject[] {
    const networks = Iterator.from(this.networks).flatMap(networkFragment);
    const sandboxes = Iterator.from(this.sandboxes).flatMap((sandbox) => this.fragment(sandbox));
    return [...networks, ...sandboxes];
  }

  /** Forget a sandbox and its endpoints; the leases stay with the container. */
  dropSandbox(id: string): void {
    this.store.transaction(() => {
      for (const endpoint of this.endpoints.inSandbox(id)) this.endpoints.delete(endpoint);
      this.sandboxes.delete(id);
    });
  }
}
