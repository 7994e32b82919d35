import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeOf, FairleadError, joinRanges, type Logger, messageOf, type PortRange } from '@fairlead/base';
import type { ResolverContents, SandboxStatistics } from '@fairlead/dns';
import { ResolverClient } from '@fairlead/dns/client';
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

/** Where the resolver process is reached, and how it is started. */
export interface NameServiceSettings {
  readonly socket: string;
  readonly log: string;
  /** Absolute path of a pinned network namespace. */
  readonly namespacePath: (name: string) => string;
  readonly logger: Logger;
}

const NO_PARAMS = {};

/**
 * The resolver process as the network model sees it. It is started when it does not run, and told everything anew when
 * it had to be started again.
 */
export class NameService implements NameServicePort, OutputKeeper, AsyncDisposable {
  readonly #settings: NameServiceSettings;
  #client: ResolverClient;
  #closing = false;
  /** Called when the process was lost and another one runs: it knows nothing. */
  onRestart: () => Promise<void> = async () => {};

  private constructor(settings: NameServiceSettings, client: ResolverClient) {
    this.#settings = settings;
    this.#client = client;
    this.#follow(client);
  }

  /** Connect to the process, or start it. */
  static async connect(settings: NameServiceSettings): Promise<NameService> {
    return new NameService(settings, await connect(settings));
  }

  async openSandbox(sandbox: ResolverSandbox): Promise<ResolverPorts> {
    return await this.#client.call('openSandbox', {
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
    await this.#client.call('closeSandbox', { id });
  }

  async setNetwork(network: ResolverNetwork): Promise<void> {
    await this.#client.call('setNetwork', network);
  }

  async removeNetwork(id: string): Promise<void> {
    await this.#client.call('removeNetwork', { id });
  }

  async setEndpoint(endpoint: ResolverEndpoint): Promise<void> {
    await this.#client.call('setEndpoint', endpoint);
  }

  async removeEndpoint(id: string): Promise<void> {
    await this.#client.call('removeEndpoint', { id });
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
    const { picks } = await this.#client.call('tryPorts', { owner, ports, choices, anew });
    const picked = picks.values();
    return reservations.map((reservation) => {
      if (isFixed(reservation)) return reservation.ports;
      const { port = 0 } = picked.next().value ?? {};
      return { first: port, last: port };
    });
  }

  async releasePorts(owner: string): Promise<void> {
    await this.#client.call('releasePorts', { owner });
  }

  async setRelays(owner: string, relays: readonly PortRelay[]): Promise<void> {
    await this.#client.call('setRelays', { owner, relays });
  }

  async list() {
    const contents: ResolverContents = await this.#client.call('list', NO_PARAMS);
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
      return (await this.#client.call('statistics', NO_PARAMS)).sandboxes;
    } catch (error) {
      if (codeOf(error) !== 'not-implemented') throw error;
      return [];
    }
  }

  async hold(path: string): Promise<void> {
    await this.#client.call('holdFile', { path });
  }

  async release(path: string): Promise<void> {
    await this.#client.call('releaseFile', { path });
  }

  /** End the process: nobody needs names or ports any more. */
  async shutdown(): Promise<void> {
    this.#closing = true;
    // It may be gone before its answer has arrived.
    await this.#client.call('shutdown', NO_PARAMS).catch(() => {});
    await this.#client.closed;
  }

  /** Hang up; the process goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#client[Symbol.asyncDispose]();
  }

  /** Fixed ports in one request; those that may be any in requests of their own, which say what they got. */
  async #reserve(owner: string, reservations: readonly PortReservation[]): Promise<PortRange[]> {
    const fixed = reservations.filter(isFixed);
    if (fixed.length > 0) {
      await this.#client.call('reservePorts', { owner, ports: hostPorts(fixed) });
    }
    return await Promise.all(
      reservations.map(async (reservation) => {
        if (isFixed(reservation)) return reservation.ports;
        const { port } = await this.#client.call('pickPort', { owner, ...choiceOf(reservation) });
        return { first: port, last: port };
      }),
    );
  }

  #follow(client: ResolverClient): void {
    void client.closed.then(async () => {
      if (this.#closing) return;
      this.#settings.logger.warn('name service lost; starting another one');
      try {
        this.#client = await connect(this.#settings);
        this.#follow(this.#client);
        await this.onRestart();
      } catch (error) {
        this.#settings.logger.error('name service not restored', { error: messageOf(error) });
      }
    });
  }
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

/** @throws FairleadError `unavailable`. */
async function connect(settings: NameServiceSettings): Promise<ResolverClient> {
  return await ResolverClient.connectOrStart(settings.socket, () => startResolver(settings));
}

/** Detached and with a log of its own: it outlives the daemon. */
function startResolver({ socket, log }: NameServiceSettings): void {
  const program = fileURLToPath(import.meta.resolve('@fairlead/resolver/main'));
  const output = openSync(log, 'a', 0o640);
  const child = spawn(process.execPath, [program, '--socket', socket], {
    detached: true,
    stdio: ['ignore', 'ignore', output],
    cwd: '/',
  });
  child.on('error', (error) => {
    throw new FairleadError('unavailable', `cannot start the name service: ${error.message}`);
  });
  child.unref();
}
