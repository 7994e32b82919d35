import { codeOf, joinRanges, type PortRange } from '@fairlead/base';
import type { ResolverContents, ResolverMethods, SandboxStatistics } from '@fairlead/dns';
import type { ResolverClient } from '@fairlead/dns/client';
import type { OutputKeeper } from '@fairlead/engine';
import type {
  NameServicePort,
  PortRelay,
  PortReservation,
  ResolverEndpoint,
  ResolverNetwork,
  ResolverPorts,
  ResolverSandbox,
} from '@fairlead/network';
import { ResolverProcess, type ResolverSettings } from './resolver-process.ts';

/** Where the resolver process is reached, how it is started, and where sandboxes are. */
export interface NameServiceSettings extends ResolverSettings {
  /** Absolute path of a pinned network namespace. */
  readonly namespacePath: (name: string) => string;
  /** Milliseconds for which nobody has had anything there before it ends. */
  readonly idle?: number;
}

const NO_PARAMS = {};

/** To start it again takes what a container that is made next would wait for. */
const IDLE = 30_000;

/**
 * The resolver process as the network model sees it. It is told everything anew when it had to be started again. While
 * it does not run it has nothing to forget, and networks wait here until somebody is on one. Some time after the last who had
 * anything there has gone, it ends.
 */
export class NameService implements NameServicePort, OutputKeeper, AsyncDisposable {
  readonly #settings: NameServiceSettings;
  readonly #process: ResolverProcess;
  readonly #networks = new Map<string, ResolverNetwork>();
  #rest: NodeJS.Timeout | undefined;

  private constructor(settings: NameServiceSettings, process: ResolverProcess) {
    this.#settings = settings;
    this.#process = process;
    process.onStart = (client) => {
      // It carries out what it is told in that order. Who needs it will find out should it be lost meanwhile.
      for (const network of this.#networks.values()) client.call('setNetwork', network).catch(() => {});
    };
    this.#restLater();
  }

  /** Find the process, where it runs. */
  static async find(settings: NameServiceSettings): Promise<NameService> {
    return new NameService(settings, await ResolverProcess.find(settings));
  }

  /** @param tellAll is called when the process was lost and another one runs: it knows nothing. */
  set onRestart(tellAll: () => Promise<void>) {
    this.#process.onRestart = tellAll;
  }

  /** Have the process started: it will be needed. */
  async prepare(): Promise<void> {
    await this.#process.needed();
    this.#restLater();
  }

  async openSandbox(sandbox: ResolverSandbox): Promise<ResolverPorts> {
    const client = await this.#process.needed();
    return await client.call('openSandbox', {
      id: sandbox.id,
      namespacePath: this.#settings.namespacePath(sandbox.namespace),
      sandboxUpstreams: sandbox.sandboxUpstreams,
      hostUpstreams: sandbox.hostUpstreams,
      forward: sandbox.forward,
      ...(sandbox.ndots && { ndots: 1 }),
      ...(sandbox.ttl !== undefined && { ttl: sandbox.ttl }),
      ...(sandbox.servesIpv6 && { servesIpv6: true }),
    });
  }

  async closeSandbox(id: string): Promise<void> {
    await this.#forget('closeSandbox', { id });
  }

  async setNetwork(network: ResolverNetwork): Promise<void> {
    this.#networks.set(network.id, network);
    await (await this.#process.running)?.call('setNetwork', network);
  }

  async removeNetwork(id: string): Promise<void> {
    this.#networks.delete(id);
    await this.#forget('removeNetwork', { id });
  }

  async setEndpoint(endpoint: ResolverEndpoint): Promise<void> {
    await (await this.#process.needed()).call('setEndpoint', endpoint);
  }

  async removeEndpoint(id: string): Promise<void> {
    await this.#forget('removeEndpoint', { id });
  }

  async reservePorts(owner: string, reservations: readonly PortReservation[]): Promise<readonly PortRange[]> {
    try {
      return await this.#reserve(owner, reservations);
    } catch (error) {
      await this.releasePorts(owner);
      throw error;
    }
  }

  async tryPorts(
    owner: string,
    reservations: readonly PortReservation[],
    anew: boolean,
  ): Promise<readonly PortRange[]> {
    const ports = hostPorts(reservations.filter(isFixed));
    const choices = reservations.filter((reservation) => !isFixed(reservation)).map(choiceOf);
    const client = await this.#process.needed();
    const { picks } = await client.call('tryPorts', { owner, ports, choices, anew });
    const picked = picks.values();
    return reservations.map((reservation) => {
      if (isFixed(reservation)) return reservation.ports;
      const { port = 0 } = picked.next().value ?? {};
      return { first: port, last: port };
    });
  }

  async releasePorts(owner: string): Promise<void> {
    await this.#forget('releasePorts', { owner });
  }

  async setRelays(owner: string, relays: readonly PortRelay[]): Promise<void> {
    await (await this.#process.needed()).call('setRelays', { owner, relays });
  }

  async list() {
    const contents: ResolverContents | undefined = await (await this.#process.running)?.call('list', NO_PARAMS);
    if (contents === undefined) return { sandboxes: [], endpoints: [], networks: [], portOwners: [] };
    const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);
    return {
      sandboxes: ids(contents.sandboxes),
      endpoints: ids(contents.endpoints),
      networks: ids(contents.networks),
      portOwners: [...new Set(contents.reservations.map(({ owner }) => owner))],
    };
  }

  /** What the name servers of all sandboxes have done; nothing from a process of an older version. */
  async statistics(): Promise<readonly SandboxStatistics[]> {
    try {
      return (await (await this.#process.running)?.call('statistics', NO_PARAMS))?.sandboxes ?? [];
    } catch (error) {
      if (codeOf(error) !== 'not-implemented') throw error;
      return [];
    }
  }

  async hold(path: string): Promise<void> {
    await (await this.#process.needed()).call('holdFile', { path });
  }

  async release(path: string): Promise<void> {
    await this.#forget('releaseFile', { path });
  }

  /** End the process: nobody needs names or ports any more. */
  async shutdown(): Promise<void> {
    clearTimeout(this.#rest);
    await this.#process.shutdown();
  }

  /** Hang up; the process goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#rest);
    await this.#process[Symbol.asyncDispose]();
  }

  /** Where it does not run there is nothing to forget. */
  async #forget<Name extends Forgetting>(method: Name, params: ResolverMethods[Name]['params']): Promise<void> {
    await (await this.#process.running)?.call(method, params);
    this.#restLater();
  }

  /** Somebody may have been the last. */
  #restLater(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.#restNow(), this.#settings.idle ?? IDLE).unref();
  }

  async #restNow(): Promise<void> {
    let isUnused = false;
    const look = async (client: ResolverClient) => {
      isUnused = hasNothing(await client.call('list', NO_PARAMS));
      return isUnused;
    };
    // One that is lost meanwhile is started again, or is not.
    const hasGone = await this.#process.retire(look).catch(() => false);
    // Somebody has asked it for something just then.
    if (isUnused && !hasGone) this.#restLater();
  }

  /** Fixed ports in one request; those that may be any in requests of their own, which say what they got. */
  async #reserve(owner: string, reservations: readonly PortReservation[]): Promise<PortRange[]> {
    const client = await this.#process.needed();
    const fixed = reservations.filter(isFixed);
    if (fixed.length > 0) {
      await client.call('reservePorts', { owner, ports: hostPorts(fixed) });
    }
    return await Promise.all(
      reservations.map(async (reservation) => {
        if (isFixed(reservation)) return reservation.ports;
        const { port } = await client.call('pickPort', { owner, ...choiceOf(reservation) });
        return { first: port, last: port };
      }),
    );
  }
}

/** What is told to it when something is no longer needed. */
type Forgetting = 'closeSandbox' | 'removeNetwork' | 'removeEndpoint' | 'releasePorts' | 'releaseFile';

/** Networks are nothing in themselves: it is told of them when it is needed. */
function hasNothing({ sandboxes, endpoints, reservations, relays, files }: ResolverContents): boolean {
  return [sandboxes, endpoints, reservations, relays, files].every(({ length }) => length === 0);
}

/** A reservation of ports by their numbers. */
type FixedReservation = PortReservation & { readonly ports: PortRange };

/** Where ports lead to is all the same to whoever holds them: ports named one by one in any order are a range as well. */
function hostPorts(reservations: readonly FixedReservation[]) {
  const all = reservations.flatMap(({ protocol, addresses, ports }) =>
    addresses.map((address) => ({ protocol, address, ...ports })),
  );
  const ofAddress = Map.groupBy(all, ({ protocol, address }) => `${protocol} ${address}`);
  return [...ofAddress.values()].flatMap((ports) =>
    joinRanges(ports).flatMap((range) => ports.slice(0, 1).map((place) => ({ ...place, ...range }))),
  );
}

function choiceOf({ protocol, addresses, ports }: PortReservation) {
  return { protocol, addresses, ...(ports && { range: ports }) };
}

function isFixed(reservation: PortReservation): reservation is FixedReservation {
  const { ports, count } = reservation;
  return ports !== undefined && ports.last - ports.first + 1 === count;
}
