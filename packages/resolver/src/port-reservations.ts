import { FairleadError, familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import {
  type HostPorts,
  type PortChoice,
  PortError,
  type PortPick,
  type PortReservation,
  type PortTrial,
} from '@fairlead/dns';
import { closeDescriptor, type HeldPort, holdPort, SystemCallError } from '@fairlead/kernel/sockets';
import { EphemeralPorts, readPortSysctls } from './ephemeral-range.ts';
import { type Hold, HoldTable, overlap } from './hold-table.ts';
import { groupWildcards, type PortGroup } from './port-group.ts';
import { RangeHolder } from './range-holder.ts';

/** What a host without IPv6 or without SCTP says. The firewall translates SCTP all the same. */
const unsupported = new Set<string>(['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT']);

/**
 * Ports of the host that containers have published. Each is held by a bound socket that does nothing, where the host has
 * such; long ranges are held as one.
 */
export class PortReservations implements Disposable {
  readonly #table = new HoldTable();
  readonly #ephemeral = new EphemeralPorts();
  readonly #bind: typeof holdPort;
  readonly #ranges: RangeHolder;

  /**
   * @param bind takes one port away from everybody else; tests put another host in its place.
   * @param ranges takes long ranges away.
   */
  constructor(bind: typeof holdPort = holdPort, ranges: RangeHolder = new RangeHolder()) {
    this.#bind = bind;
    this.#ranges = ranges;
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
        const { whole, single } = this.#ranges.split(group);
        for (const part of whole) this.#holdWhole(owner, part, taken);
        for (const { protocol, addresses, first, last } of single) {
          for (const port of portsOf(first, last)) this.#hold(owner, protocol, addresses, port, taken);
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
    const before = new Set(this.#table.owners().get(owner));
    try {
      for (const range of ports) this.#tryRange(owner, range, anew);
      return choices.map((choice) => this.#pick({ owner, ...choice }));
    } finally {
      for (const hold of [...(this.#table.owners().get(owner) ?? [])]) if (!before.has(hold)) this.#release(hold);
    }
  }

  /** What the owner would have given up is not in its way. */
  #tryRange(owner: string, range: HostPorts, anew: boolean): void {
    try {
      this.reserve({ owner, ports: [range] });
    } catch (error) {
      if (!(anew && error instanceof PortError && error.port.heldBy === owner)) throw error;
      const ports = range.first === range.last ? [] : portsOf(range.first, range.last);
      for (const port of ports) this.#tryRange(owner, { ...range, first: port, last: port }, anew);
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
    for (const hold of this.#table.owners().get(owner) ?? []) this.#release(hold);
  }

  /** A socket that is bound to a held UDP port of an address, whoever owns it. */
  socketOf(protocol: PortProtocol, address: IpAddress, port: number): number | undefined {
    const hold = this.#holder(protocol, address, port);
    if (hold === undefined || hold.first === hold.last) return hold?.descriptor;
    return this.#ranges.socketIn(hold, address, port);
  }

  /** What is held. */
  list(): PortReservation[] {
    return [...this.#table.owners()].map(([owner, holds]) => ({
      owner,
      ports: [...holds].flatMap(({ protocol, addresses, first, last }) =>
        addresses.map((address) => ({ protocol, address, first, last })),
      ),
    }));
  }

  [Symbol.dispose](): void {
    for (const owner of [...this.#table.owners().keys()]) this.release(owner);
    this.#ranges[Symbol.dispose]();
  }

  #holdWhole(owner: string, group: PortGroup, taken: Hold[]): void {
    for (const part of this.#table.missing(owner, group)) {
      const other = this.#table.lowestTaken(part);
      if (other !== undefined) {
        const { port, address, hold } = other;
        throw new PortError({ errno: 'EADDRINUSE', protocol: part.protocol, address, port, heldBy: hold.owner });
      }
      if (part.first === part.last) {
        this.#hold(owner, part.protocol, part.addresses, part.first, taken);
        continue;
      }
      this.#ranges.hold(part);
      taken.push(this.#keep({ owner, ...part }));
    }
  }

  #hold(owner: string, protocol: PortProtocol, addresses: readonly IpAddress[], port: number, taken: Hold[]): void {
    const wanted = addresses.filter((address) => !this.#find(owner, protocol, address, port));
    if (wanted.length === 2 && this.#tryBothFamilies(owner, protocol, wanted, port, taken)) return;
    for (const address of wanted) {
      const descriptor = this.#open({ protocol, family: familyOf(address), address, port });
      const socket = descriptor === undefined ? {} : { descriptor };
      taken.push(this.#keep({ owner, protocol, addresses: [address], first: port, last: port, ...socket }));
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
      taken.push(this.#keep({ owner, descriptor, protocol, addresses, first: port, last: port }));
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
    return this.#table.at(protocol, port).find(({ addresses }) => addresses.some((other) => overlap(other, address)));
  }

  #find(owner: string, protocol: PortProtocol, address: IpAddress, port: number): boolean {
    return this.#table.at(protocol, port).some((hold) => hold.owner === owner && hold.addresses.includes(address));
  }

  #keep(hold: Hold): Hold {
    this.#table.add(hold);
    return hold;
  }

  #release(hold: Hold): void {
    this.#table.delete(hold);
    if (hold.first !== hold.last) this.#ranges.release(hold);
    else if (hold.descriptor !== undefined) closeDescriptor(hold.descriptor);
  }
}

function* portsOf(first: number, last: number): Generator<number> {
  for (let port = first; port <= last; port++) yield port;
}
