import {
  FairleadError,
  familyOf,
  hostText,
  type IpAddress,
  isUnspecified,
  type PortProtocol,
  type PortRange,
} from '@fairlead/base';
import type {
  NameRecord,
  NameServicePort,
  PortRelay,
  PortReservation,
  ResolverEndpoint,
  ResolverNetwork,
  ResolverPorts,
  ResolverSandbox,
} from '../name-service-port.ts';

/** One host port that is held. */
export interface PortHold {
  readonly owner: string;
  readonly protocol: PortProtocol;
  readonly address: IpAddress;
  readonly port: number;
}

/** Owner of a port that belongs to a process which is none of ours. */
const STRANGER = '';

/** Where ephemeral ports begin (`net.ipv4.ip_local_port_range`). */
const EPHEMERAL = 32_768;

/** A name service in memory that keeps the books of the real one and refuses what it would refuse, in the same words. */
export class FakeNameService implements NameServicePort {
  readonly sandboxes = new Map<string, ResolverSandbox & ResolverPorts>();
  readonly endpoints = new Map<string, ResolverEndpoint>();
  readonly networks = new Map<string, string>();
  /** Written records, by network; those without have none. */
  readonly records = new Map<string, readonly NameRecord[]>();
  /** Networks on which everybody is answered, well or not. */
  readonly ignoringHealth = new Set<string>();
  readonly relays = new Map<string, readonly PortRelay[]>();
  /** Every request, by name. */
  readonly calls: string[] = [];
  /** Comes before each request; what it throws is the answer, and a promise is waited for. */
  before: (call: string) => Promise<void> | undefined = () => undefined;
  /** Comes after each request that succeeded, before the answer. */
  after: (call: string) => Promise<void> | undefined = () => undefined;
  #ports: PortHold[] = [];
  #lastPort = 40_000;

  /** What is held, sorted, in one line each: `s1 tcp 0.0.0.0:8080`. */
  get heldPorts(): string[] {
    return this.#ports
      .filter(({ owner }) => owner !== STRANGER)
      .map(({ owner, protocol, address, port }) => `${owner} ${protocol} ${hostText(address)}:${port}`)
      .sort();
  }

  /** Another process binds a port. */
  occupy(protocol: PortProtocol, address: IpAddress, port: number): void {
    this.#ports.push({ owner: STRANGER, protocol, address, port });
  }

  /** Every other process lets go. */
  vacate(): void {
    this.#ports = this.#ports.filter(({ owner }) => owner !== STRANGER);
  }

  /** The process is lost, and with it all that it knew; another one answers on other ports. */
  restart(): void {
    this.sandboxes.clear();
    this.endpoints.clear();
    this.networks.clear();
    this.relays.clear();
    this.#ports = this.#ports.filter(({ owner }) => owner === STRANGER);
  }

  async openSandbox(sandbox: ResolverSandbox): Promise<ResolverPorts> {
    return await this.#serve('openSandbox', () => {
      const known = this.sandboxes.get(sandbox.id);
      const { udpPort, tcpPort } = known ?? this.#twoPorts();
      const further = known?.ipv6 ?? (sandbox.servesIpv6 === true ? this.#twoPorts() : undefined);
      const ports = { udpPort, tcpPort, ...(further && { ipv6: further }) };
      this.sandboxes.set(sandbox.id, { ...sandbox, ...ports });
      return ports;
    });
  }

  async setRelays(owner: string, relays: readonly PortRelay[]): Promise<void> {
    await this.#serve('setRelays', () => this.relays.set(owner, relays));
  }

  async closeSandbox(id: string): Promise<void> {
    await this.#serve('closeSandbox', () => this.sandboxes.delete(id));
  }

  async setNetwork({ id, name, records = [], ignoresHealth = false }: ResolverNetwork): Promise<void> {
    await this.#serve('setNetwork', () => {
      if (ignoresHealth) this.ignoringHealth.add(id);
      else this.ignoringHealth.delete(id);
      this.networks.set(id, name);
      this.records.set(id, records);
    });
  }

  async removeNetwork(id: string): Promise<void> {
    await this.#serve('removeNetwork', () => {
      this.networks.delete(id);
      this.records.delete(id);
    });
  }

  async setEndpoint(endpoint: ResolverEndpoint): Promise<void> {
    await this.#serve('setEndpoint', () => this.endpoints.set(endpoint.id, endpoint));
  }

  async removeEndpoint(id: string): Promise<void> {
    await this.#serve('removeEndpoint', () => this.endpoints.delete(id));
  }

  async reservePorts(owner: string, reservations: readonly PortReservation[]): Promise<readonly PortRange[]> {
    return await this.#serve('reservePorts', () => {
      try {
        return reservations.map((reservation) => this.#reserve(owner, reservation));
      } catch (error) {
        // As the real one: a failed request leaves its owner with nothing.
        this.#drop(owner);
        throw error;
      }
    });
  }

  async tryPorts(
    owner: string,
    reservations: readonly PortReservation[],
    anew: boolean,
  ): Promise<readonly PortRange[]> {
    return await this.#serve('tryPorts', () => {
      const before = this.#ports;
      this.#ports = anew ? before.filter((hold) => hold.owner !== owner) : [...before];
      try {
        return reservations.map((reservation) => this.#reserve(owner, reservation));
      } finally {
        this.#ports = before;
      }
    });
  }

  async releasePorts(owner: string): Promise<void> {
    await this.#serve('releasePorts', () => this.#drop(owner));
  }

  async list() {
    return await this.#serve('list', () => ({
      sandboxes: [...this.sandboxes.keys()],
      endpoints: [...this.endpoints.keys()],
      networks: [...this.networks.keys()],
      portOwners: [...new Set(this.#ports.map(({ owner }) => owner))].filter((owner) => owner !== STRANGER),
    }));
  }

  /** As over a socket: the request is seen at once, the answer comes in a later turn. */
  async #serve<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    await this.before(call);
    await Promise.resolve();
    const result = work();
    await this.after(call);
    return result;
  }

  #reserve(owner: string, { protocol, addresses, ports, count }: PortReservation): PortRange {
    const size = ports && ports.last - ports.first + 1;
    if (ports && size === count) {
      for (let port = ports.first; port <= ports.last; port++) this.#hold(owner, protocol, addresses, port);
      return ports;
    }
    const { first, last } = ports ?? { first: EPHEMERAL, last: 65_535 };
    for (let port = first; port <= last; port++) {
      if (addresses.some((address) => this.#inTheWay(protocol, address, port))) continue;
      this.#hold(owner, protocol, addresses, port);
      return { first: port, last: port };
    }
    throw new FairleadError('conflict', 'all ports are allocated');
  }

  #hold(owner: string, protocol: PortProtocol, addresses: readonly IpAddress[], port: number): void {
    for (const address of addresses) {
      const other = this.#inTheWay(protocol, address, port);
      if (other?.owner === owner && other.address === address) continue;
      if (other !== undefined) throw takenError(other, protocol, address, port);
      this.#ports.push({ owner, protocol, address, port });
    }
  }

  #inTheWay(protocol: PortProtocol, address: IpAddress, port: number): PortHold | undefined {
    const overlaps = (other: IpAddress) =>
      familyOf(other) === familyOf(address) && (other === address || isUnspecified(other) || isUnspecified(address));
    return this.#ports.find((hold) => hold.protocol === protocol && hold.port === port && overlaps(hold.address));
  }

  #twoPorts() {
    return { udpPort: ++this.#lastPort, tcpPort: ++this.#lastPort };
  }

  #drop(owner: string): void {
    this.#ports = this.#ports.filter((hold) => hold.owner !== owner);
  }
}

function takenError(holder: PortHold, protocol: PortProtocol, address: IpAddress, port: number): FairleadError {
  const place = `${hostText(address)}:${port}`;
  if (holder.owner !== STRANGER)
    return new FairleadError('conflict', `Bind for ${place} failed: port is already allocated`);
  return new FairleadError('conflict', `failed to bind host port ${place}/${protocol}: address already in use`);
}
