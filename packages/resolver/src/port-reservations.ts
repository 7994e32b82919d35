import { FairleadError, familyOf, type IpAddress, isUnspecified, type PortProtocol } from '@fairlead/base';
import {
  type HostPorts,
  type PortChoice,
  PortError,
  type PortPick,
  type PortReservation,
  type PortTrial,
} from '@fairlead/dns';
import { closeDescriptor, type HeldPort, holdPort, SystemCallError } from '@fairlead/kernel';
import { EphemeralPorts, readPortSysctls } from './ephemeral-range.ts';

/** One socket; it stands for two ports when it holds the wildcards of both families. */
interface Hold {
  readonly owner: string;
  /** Absent on a host that has no such sockets: nobody else can take the port, but another owner may ask for it. */
  readonly descriptor: number | undefined;
  readonly protocol: PortProtocol;
  readonly addresses: readonly IpAddress[];
  readonly port: number;
}

/** What a host without IPv6 or without SCTP says. The firewall translates SCTP all the same. */
const unsupported = new Set<string>(['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT']);
const wildcards: readonly IpAddress[] = ['0.0.0.0' as IpAddress, '::' as IpAddress];

/** Ports of the host that containers have published, each held by a bound socket that does nothing, where it has such. */
export class PortReservations implements Disposable {
  readonly #owners = new Map<string, Set<Hold>>();
  readonly #ports = new Map<string, Set<Hold>>();
  readonly #ephemeral = new EphemeralPorts();
  readonly #bind: typeof holdPort;

  /** @param bind takes one port away from everybody else; tests put another host in its place. */
  constructor(bind: typeof holdPort = holdPort) {
    this.#bind = bind;
  }

  /**
   * Hold ports for an owner in addition to those that it has.
   *
   * @throws PortError for the first port that cannot be had; then nothing has changed.
   */
  reserve({ owner, ports }: PortReservation): void {
    const taken: Hold[] = [];
    try {
      for (const group of groupWildcards(ports)) {
        for (const port of portsOf(group.first, group.last)) {
          this.#hold(owner, group.protocol, group.addresses, port, taken);
        }
      }
    } catch (error) {
      for (const hold of taken) this.#release(hold);
      throw error;
    }
  }

  /**
   * Hold one free port, the same on all addresses.
   *
   * @throws FairleadError `conflict` when all ports are taken, PortError when an address cannot be bound at all.
   */
  pick(choice: PortChoice): PortPick {
    const pick = this.#pick(choice);
    if (choice.range === undefined) this.#ephemeral.used(choice.protocol, pick.port);
    return pick;
  }

  /**
   * What {@link reserve} and {@link pick} would answer one after the other. The ports are bound for it and let go before
   * anybody else gets a turn here; what is held stays held.
   *
   * @throws PortError, FairleadError as they do.
   */
  try({ owner, ports, choices, anew }: PortTrial): PortPick[] {
    const before = new Set(this.#owners.get(owner));
    try {
      for (const range of ports) {
        for (const port of portsOf(range.first, range.last))
          this.#tryOne(owner, { ...range, first: port, last: port }, anew);
      }
      return choices.map((choice) => this.#pick({ owner, ...choice }));
    } finally {
      for (const hold of [...(this.#owners.get(owner) ?? [])]) if (!before.has(hold)) this.#release(hold);
    }
  }

  /** What the owner would have given up is not in its way. */
  #tryOne(owner: string, port: HostPorts, anew: boolean): void {
    try {
      this.reserve({ owner, ports: [port] });
    } catch (error) {
      if (!(anew && error instanceof PortError && error.port.heldBy === owner)) throw error;
    }
  }

  #pick({ owner, protocol, addresses, range }: PortChoice): PortPick {
    const candidates =
      range === undefined ? this.#ephemeral.candidates(protocol, readPortSysctls()) : portsOf(range.first, range.last);
    for (const port of candidates) {
      try {
        const ports = addresses.map((address) => ({ protocol, address, first: port, last: port }));
        if (ports.some(({ address }) => this.#find(owner, protocol, address, port))) continue;
        this.reserve({ owner, ports });
        return { port };
      } catch (error) {
        if (!(error instanceof PortError) || error.port.errno !== 'EADDRINUSE') throw error;
      }
    }
    throw new FairleadError('conflict', 'all ports are allocated');
  }

  /** Give up all ports of an owner. */
  release(owner: string): void {
    for (const hold of this.#owners.get(owner) ?? []) this.#release(hold);
  }

  /** The socket that holds a port of an address, whoever owns it. */
  socketOf(protocol: PortProtocol, address: IpAddress, port: number): number | undefined {
    return this.#holder(protocol, address, port)?.descriptor;
  }

  /** What is held, each port by itself. */
  list(): PortReservation[] {
    return [...this.#owners].map(([owner, holds]) => ({
      owner,
      ports: [...holds].flatMap(({ protocol, addresses, port }) =>
        addresses.map((address) => ({ protocol, address, first: port, last: port })),
      ),
    }));
  }

  [Symbol.dispose](): void {
    for (const owner of [...this.#owners.keys()]) this.release(owner);
  }

  #hold(owner: string, protocol: PortProtocol, addresses: readonly IpAddress[], port: number, taken: Hold[]): void {
    const wanted = addresses.filter((address) => !this.#find(owner, protocol, address, port));
    if (wanted.length === 2 && this.#tryBothFamilies(owner, protocol, wanted, port, taken)) return;
    for (const address of wanted) {
      const descriptor = this.#open({ protocol, family: familyOf(address), address, port });
      taken.push(this.#keep({ owner, descriptor, protocol, addresses: [address], port }));
    }
  }

  /** One socket for both wildcards. When it fails the two are tried apart, which also tells which one it is. */
  #tryBothFamilies(
    owner: string,
    protocol: PortProtocol,
    addresses: readonly IpAddress[],
    port: number,
    taken: Hold[],
  ): boolean {
    try {
      const descriptor = this.#bind({ protocol, family: 6, address: '::' as IpAddress, port, bothFamilies: true });
      taken.push(this.#keep({ owner, descriptor, protocol, addresses, port }));
      return true;
    } catch {
      return false;
    }
  }

  /** Without sockets of that kind our own holds are all that can be in the way. */
  #open(held: HeldPort): number | undefined {
    try {
      return this.#bind(held);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      const { protocol, address, port } = held;
      const isUnsupported = unsupported.has(error.errno);
      const errno = isUnsupported ? 'EADDRINUSE' : error.errno;
      const holder = errno === 'EADDRINUSE' ? this.#holder(protocol, address, port) : undefined;
      if (isUnsupported && holder === undefined) return undefined;
      throw new PortError({ errno, protocol, address, port, ...(holder && { heldBy: holder.owner }) });
    }
  }

  /** Our own hold that stands in the way of an address. */
  #holder(protocol: PortProtocol, address: IpAddress, port: number): Hold | undefined {
    const overlaps = (other: IpAddress) =>
      familyOf(other) === familyOf(address) && (other === address || isUnspecified(other) || isUnspecified(address));
    return [...(this.#ports.get(`${protocol}/${port}`) ?? [])].find(({ addresses }) => addresses.some(overlaps));
  }

  #find(owner: string, protocol: PortProtocol, address: IpAddress, port: number): boolean {
    const holds = this.#ports.get(`${protocol}/${port}`);
    if (holds === undefined) return false;
    return [...holds].some((hold) => hold.owner === owner && hold.addresses.includes(address));
  }

  #keep(hold: Hold): Hold {
    addTo(this.#owners, hold.owner, hold);
    addTo(this.#ports, `${hold.protocol}/${hold.port}`, hold);
    return hold;
  }

  #release(hold: Hold): void {
    removeFrom(this.#owners, hold.owner, hold);
    removeFrom(this.#ports, `${hold.protocol}/${hold.port}`, hold);
    if (hold.descriptor !== undefined) closeDescriptor(hold.descriptor);
  }
}

type PortGroup = Omit<HostPorts, 'address'> & { readonly addresses: readonly IpAddress[] };

/** Both wildcards of the same ports come together; everything else stays alone, in its order. */
function groupWildcards(ports: readonly HostPorts[]): PortGroup[] {
  const groups = new Map<string, PortGroup>();
  for (const { protocol, address, first, last } of ports) {
    const shared = isUnspecified(address) ? '*' : address;
    const key = `${protocol}/${shared}/${first}-${last}`;
    const addresses = isUnspecified(address) && groups.has(key) ? wildcards : [address];
    const known = groups.get(key)?.addresses;
    groups.set(key, { protocol, first, last, addresses: known?.includes(address) ? known : addresses });
  }
  return [...groups.values()];
}

function* portsOf(first: number, last: number): Generator<number> {
  for (let port = first; port <= last; port++) yield port;
}

function addTo(index: Map<string, Set<Hold>>, key: string, hold: Hold): void {
  const holds = index.get(key);
  if (holds === undefined) index.set(key, new Set([hold]));
  else holds.add(hold);
}

function removeFrom(index: Map<string, Set<Hold>>, key: string, hold: Hold): void {
  const holds = index.get(key);
  holds?.delete(hold);
  if (holds?.size === 0) index.delete(key);
}
