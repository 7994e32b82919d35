import { FairleadError } from '@fairlead/base';
import type { NetworkState } from '../state.ts';
import type { BalancedService, VirtualAddress } from './service-model.ts';

/** What {@link Services} works with. */
export interface ServicesContext {
  readonly state: NetworkState;
}

/** Services whose containers stand for one another. One is changed at a time. */
export class Services {
  readonly #context: ServicesContext;

  constructor(context: ServicesContext) {
    this.#context = context;
  }

  /**
   * Keep an address on a network for a service; the same again for the same service, until {@link remove}, or {@link set}
   * without that network.
   *
   * @throws FairleadError `not-found` for a network that is not there, `internal` when it has no address left.
   */
  holdVirtualAddress(network: string, service: string): VirtualAddress {
    const { addresses } = this.#context.state;
    const { ipv4, ipv6 } = addresses.lease(this.#network(network), service, {});
    return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
  }

  /**
   * Bring a service to what it shall be, whatever it was; harmless when it is so already.
   *
   * @throws FairleadError `not-found` for a network that is not there; nothing is changed then.
   */
  async set(service: BalancedService): Promise<void> {
    const { state } = this.#context;
    for (const { network } of service.networks) this.#network(network);
    state.store.transaction(() => {
      state.services.put(service);
      this.#releaseUnused(service);
    });
  }

  /** Forget a service and its addresses; harmless when there is none. */
  async remove(id: string): Promise<void> {
    const { state } = this.#context;
    state.store.transaction(() => {
      state.services.delete(id);
      state.addresses.releaseAll(id);
    });
  }

  #network(id: string) {
    const network = this.#context.state.networks.get(id);
    if (network === undefined) throw new FairleadError('not-found', `network ${id} not found`);
    return network;
  }

  #releaseUnused({ id, networks }: BalancedService): void {
    const { state } = this.#context;
    const used = new Set(networks.flatMap(({ network, virtual }) => (virtual ? [network] : [])));
    for (const network of state.networks) if (!used.has(network.id)) state.addresses.release(network.id, id);
  }
}
