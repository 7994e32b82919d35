import { isDeepStrictEqual } from 'node:util';
import { FairleadError, type Logger, messageOf, settleAll } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Network } from '../model.ts';
import type { NameServicePort, ResolverEndpoint } from '../name-service-port.ts';
import { allSettled } from '../sandbox/all-settled.ts';
import { forgetStrays } from '../sandbox/stale-connections.ts';
import type { NetworkState } from '../state.ts';
import { AskerTables } from './asker-tables.ts';
import type { BalancedService, VirtualAddress } from './service-model.ts';
import { serviceNames } from './service-names.ts';
import { portOwner, portRelays, portReservations, serviceFragment } from './service-ports.ts';

/** What {@link Services} works with. */
export interface ServicesContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly logger: Logger;
  /** False where the kernel draws no numbers for connections, by which they are shared out. */
  readonly balances: boolean;
  /** Do work while nobody else works on services. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What others have been told of a service. */
interface Told {
  readonly names: readonly ResolverEndpoint[];
  readonly fragment: readonly KernelObject[];
}

const nothing: Told = { names: [], fragment: [] };

/** Services whose containers stand for one another. */
export class Services {
  readonly #context: ServicesContext;
  /** By the service's ID; what is known of no service is what it would be told now. */
  readonly #told = new Map<string, Told>();
  readonly #tables: AskerTables;

  constructor(context: ServicesContext) {
    this.#context = context;
    this.#tables = new AskerTables(context);
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
   * @throws FairleadError `not-found` for a network that is not there, `unavailable` where the kernel cannot share connections
   * out, and in Docker's words when a port cannot be had; it is as it was then.
   * @throws what others have failed to do; the next time goes on there.
   */
  async set(service: BalancedService): Promise<void> {
    const { state, turn } = this.#context;
    await turn(async () => {
      for (const { network } of service.networks) this.#network(network);
      this.#requireBalance(service);
      const before = state.services.get(service.id);
      await this.#hold(service, before);
      state.store.transaction(() => {
        state.services.put(service);
        this.#releaseUnused(service);
      });
      await this.#bring([service, ...(before ? [before] : [])]);
    });
  }

  /** Forget a service and its addresses; harmless when there is none. */
  async remove(id: string): Promise<void> {
    const { state, names, turn } = this.#context;
    await turn(async () => {
      const before = state.services.get(id);
      state.store.transaction(() => {
        state.services.delete(id);
        state.addresses.releaseAll(id);
      });
      if (before === undefined) return;
      await settleAll([
        () => this.#bring([before]),
        () => (before.ports.length > 0 ? names.releasePorts(portOwner(id)) : undefined),
      ]);
    });
  }

  /**
   * A container has come to networks, or has left some: it can ask the services there, and those that it is a backend of
   * follow. Never rejects.
   */
  async follow(sandbox: string, container: string | undefined): Promise<void> {
    const { state, turn, logger } = this.#context;
    if (state.sandboxes.get(sandbox) === undefined) this.#tables.forget(sandbox);
    const concerned = [...state.services].filter(
      ({ backends }) => container !== undefined && backends.includes(container),
    );
    const note = (error: unknown) => logger.error('services not followed', { sandbox, error: messageOf(error) });
    if (concerned.length === 0) return await this.#tables.bring([sandbox]).catch(note);
    await turn(() => this.#bring(concerned, [sandbox])).catch(note);
  }

  /** The host and the name service are as the store says; what is inside sandboxes is from an earlier life. */
  noteReconciled(): void {
    this.#tables.forgetAll();
    this.#told.clear();
    for (const service of this.#context.state.services) this.#told.set(service.id, this.#wanted(service.id));
  }

  /**
   * Tell everybody what has changed about services since they were told.
   *
   * @param services as they are, or were stored before.
   * @param sandboxes others that may ask.
   */
  async #bring(services: readonly BalancedService[], sandboxes: readonly string[] = []): Promise<void> {
    const { state } = this.#context;
    const askers = new Set([...sandboxes, ...services.flatMap((service) => askersOf(state, service))]);
    await allSettled(this.#tables.bring(askers), this.#tell([...new Set(services.map(({ id }) => id))]));
  }

  /** Tell host and name service what has changed about services. */
  async #tell(ids: readonly string[]): Promise<void> {
    const { state, kernel } = this.#context;
    const changes = ids.map((id) => ({ id, before: this.#told.get(id) ?? nothing, wanted: this.#wanted(id) }));
    const fragments = (which: 'before' | 'wanted') => changes.flatMap((change) => change[which].fragment);
    await allSettled(
      applyThoroughly(kernel, diff(fragments('wanted'), fragments('before'))),
      settleAll(
        changes.map(
          ({ before, wanted }) =>
            () =>
              this.#bringNames(before.names, wanted.names),
        ),
      ),
    );
    for (const { id, wanted } of changes) {
      if (state.services.get(id) === undefined) this.#told.delete(id);
      else this.#told.set(id, wanted);
    }
  }

  /** Have the ports of a service held, and no others. @throws FairleadError in Docker's words; they are as they were then. */
  async #hold({ id, ports }: BalancedService, former: BalancedService | undefined): Promise<void> {
    const { names, kernel, state } = this.#context;
    const before = former?.ports ?? [];
    if (isDeepStrictEqual(before, ports)) return;
    const owner = portOwner(id);
    const hold = async (wanted: BalancedService['ports']) => {
      await names.reservePorts(owner, portReservations(wanted));
      await names.setRelays(owner, portRelays(wanted));
    };
    // After a crash nobody could say which are held.
    if (former !== undefined) state.services.put({ ...former, unsettled: true });
    await names.releasePorts(owner);
    try {
      if (ports.length > 0) await hold(ports);
    } catch (error) {
      if (before.length > 0) await hold(before);
      if (former !== undefined) state.services.put(former);
      throw error;
    }
    const isNew = ({ published, protocol }: BalancedService['ports'][number]) =>
      protocol === 'udp' && !before.some((port) => port.published === published && port.protocol === protocol);
    await forgetStrays(
      kernel,
      ports.filter(isNew).map(({ published }) => published),
    );
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
    if (service === undefined) return nothing;
    return { names: serviceNames(state, service), fragment: serviceFragment(state, service) };
  }

  #requireBalance({ name, ports, networks }: BalancedService): void {
    if (this.#context.balances || (ports.length === 0 && networks.every(({ virtual }) => virtual === undefined)))
      return;
    const reason = 'this kernel draws no numbers for connections (nftables, meta random)';
    throw new FairleadError('unavailable', `service ${name} cannot be balanced: ${reason}`);
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

/** Sandboxes that may ask a service by its virtual addresses. */
function askersOf({ endpoints, networks }: NetworkState, service: BalancedService): string[] {
  const asked = service.networks.filter(
    ({ network, virtual }) => virtual !== undefined && networks.get(network)?.ingress !== true,
  );
  return asked.flatMap(({ network }) => endpoints.onNetwork(network).map(({ sandbox }) => sandbox));
}
