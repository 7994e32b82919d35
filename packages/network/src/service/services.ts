import { isDeepStrictEqual } from 'node:util';
import { FairleadError, type Logger, messageOf, settleAll } from '@fairlead/base';
import type { Network } from '../model.ts';
import type { NameServicePort, ResolverEndpoint } from '../name-service-port.ts';
import type { NetworkState } from '../state.ts';
import type { BalancedService, VirtualAddress } from './service-model.ts';
import { serviceNames } from './service-names.ts';

/** What {@link Services} works with. */
export interface ServicesContext {
  readonly state: NetworkState;
  readonly names: NameServicePort;
  readonly logger: Logger;
  /** Do work while nobody else works on services. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What others have been told of a service. */
interface Told {
  readonly names: readonly ResolverEndpoint[];
}

const nothing: Told = { names: [] };

/** Services whose containers stand for one another. */
export class Services {
  readonly #context: ServicesContext;
  /** By the service's ID; what is known of no service is what it would be told now. */
  readonly #told = new Map<string, Told>();

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
   * @throws FairleadError `not-found` for a network that is not there, and nothing is changed then.
   * @throws what others have failed to do; the next time goes on there.
   */
  async set(service: BalancedService): Promise<void> {
    const { state, turn } = this.#context;
    await turn(async () => {
      for (const { network } of service.networks) this.#network(network);
      state.store.transaction(() => {
        state.services.put(service);
        this.#releaseUnused(service);
      });
      await this.#bring(service.id);
    });
  }

  /** Forget a service and its addresses; harmless when there is none. */
  async remove(id: string): Promise<void> {
    const { state, turn } = this.#context;
    await turn(async () => {
      state.store.transaction(() => {
        state.services.delete(id);
        state.addresses.releaseAll(id);
      });
      await this.#bring(id);
    });
  }

  /** A container has come to networks, or has left some: the services that it is a backend of follow. Never rejects. */
  async follow(container: string | undefined): Promise<void> {
    const { state, turn, logger } = this.#context;
    const concerned = [...state.services].filter(
      ({ backends }) => container !== undefined && backends.includes(container),
    );
    if (concerned.length === 0) return;
    await turn(async () => {
      for (const { id, name } of concerned) {
        await this.#bring(id).catch((error) =>
          logger.error('service not followed', { service: name, error: messageOf(error) }),
        );
      }
    });
  }

  /** Everything is as the store says. */
  noteReconciled(): void {
    this.#told.clear();
    for (const service of this.#context.state.services) this.#told.set(service.id, this.#wanted(service.id));
  }

  /** Tell everybody what has changed about a service since they were told. */
  async #bring(id: string): Promise<void> {
    const before = this.#told.get(id) ?? nothing;
    const wanted = this.#wanted(id);
    await settleAll([() => this.#bringNames(before.names, wanted.names)]);
    if (this.#context.state.services.get(id) === undefined) this.#told.delete(id);
    else this.#told.set(id, wanted);
  }

  async #bringNames(before: readonly ResolverEndpoint[], wanted: readonly ResolverEndpoint[]): Promise<void> {
    const { names } = this.#context;
    const known = new Map(before.map((record) => [record.id, record]));
    const kept = new Set(wanted.map(({ id }) => id));
    const changed = wanted.filter((record) => !isDeepStrictEqual(known.get(record.id), record));
    await settleAll([
      ...changed.map((record) => () => names.setEndpoint(record)),
      ...before
        .filter(({ id }) => !kept.has(id))
        .map(
          ({ id }) =>
            () =>
              names.removeEndpoint(id),
        ),
    ]);
  }

  #wanted(id: string): Told {
    const { state } = this.#context;
    const service = state.services.get(id);
    return service === undefined ? nothing : { names: serviceNames(state, service) };
  }

  #network(id: string): Network {
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
