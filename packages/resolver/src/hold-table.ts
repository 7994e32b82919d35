import {
  addToIndex,
  commonRange,
  familyOf,
  type IpAddress,
  isUnspecified,
  type PortProtocol,
  type PortRange,
  removeFromIndex,
  withoutRange,
} from '@fairlead/base';
import type { PortGroup } from './port-group.ts';

/** Ports that an owner has, in one piece. */
export interface Hold extends PortGroup {
  readonly owner: string;
  /**
   * The socket that holds a single port, of both families when it holds both wildcards. Absent for a range, and on a host
   * that has no such sockets: nobody else can take the port there, but another owner may ask for it.
   */
  readonly descriptor?: number;
}

/** A port of a group that cannot be had, with the address that it is wanted for. */
export interface TakenPort {
  readonly port: number;
  readonly address: IpAddress;
  readonly hold: Hold;
}

const protocolNumbers: Readonly<Record<PortProtocol, number>> = { tcp: 0, udp: 1, sctp: 2 };

/** Who has which ports. Single ones are found at once, however many there are; ranges are few. */
export class HoldTable {
  readonly #owners = new Map<string, Set<Hold>>();
  readonly #single = new Map<number, Set<Hold>>();
  readonly #ranges = new Set<Hold>();

  add(hold: Hold): void {
    addToIndex(this.#owners, hold.owner, hold);
    if (isRange(hold)) this.#ranges.add(hold);
    else addToIndex(this.#single, numberOf(hold.protocol, hold.first), hold);
  }

  delete(hold: Hold): void {
    removeFromIndex(this.#owners, hold.owner, hold);
    if (isRange(hold)) this.#ranges.delete(hold);
    else removeFromIndex(this.#single, numberOf(hold.protocol, hold.first), hold);
  }

  /** Everybody who has something, with all of it. */
  owners(): ReadonlyMap<string, ReadonlySet<Hold>> {
    return this.#owners;
  }

  /** Whoever has a port, of whichever address. */
  at(protocol: PortProtocol, port: number): Hold[] {
    const single = this.#single.get(numberOf(protocol, port));
    const ranges = [...this.#ranges].filter((hold) => hold.protocol === protocol && includes(hold, port));
    return single === undefined ? ranges : [...single, ...ranges];
  }

  /** The lowest port of a group that somebody has already, with the address that it is wanted for. */
  lowestTaken(group: PortGroup): TakenPort | undefined {
    const { protocol, addresses, first, last } = group;
    const [inRange] = [...this.#ranges].flatMap((hold) => takenBy(hold, group)).sort((a, b) => a.port - b.port);
    const end = inRange?.port ?? last;
    for (let port = first; port <= end; port++) {
      for (const hold of this.#single.get(numberOf(protocol, port)) ?? []) {
        const address = addressInTheWay(hold, addresses);
        if (address !== undefined) return { port, address, hold };
      }
    }
    return inRange;
  }

  /** What of a group its owner does not have yet. */
  missing(owner: string, { protocol, addresses, first, last }: PortGroup): PortGroup[] {
    const groups = new Map<string, PortGroup>();
    for (const address of addresses) {
      let pieces: PortRange[] = [{ first, last }];
      for (const hold of this.#owners.get(owner) ?? []) {
        if (hold.protocol !== protocol || !hold.addresses.includes(address)) continue;
        pieces = pieces.flatMap((piece) => withoutRange(piece, hold));
      }
      for (const piece of pieces) {
        const key = `${piece.first}-${piece.last}`;
        groups.set(key, { protocol, ...piece, addresses: [...(groups.get(key)?.addresses ?? []), address] });
      }
    }
    return [...groups.values()];
  }
}

/** True when one stands in the way of the other. */
export function overlap(one: IpAddress, other: IpAddress): boolean {
  return familyOf(one) === familyOf(other) && (one === other || isUnspecified(one) || isUnspecified(other));
}

/** What a range takes of a group: its lowest port, or nothing. */
function takenBy(hold: Hold, { protocol, addresses, ...ports }: PortGroup): TakenPort[] {
  if (hold.protocol !== protocol) return [];
  const address = addressInTheWay(hold, addresses);
  return address === undefined ? [] : commonRange(hold, ports).map(({ first: port }) => ({ port, address, hold }));
}

function addressInTheWay(hold: Hold, addresses: readonly IpAddress[]): IpAddress | undefined {
  return addresses.find((each) => hold.addresses.some((held) => overlap(held, each)));
}

function isRange({ first, last }: PortRange): boolean {
  return first !== last;
}

function includes({ first, last }: PortRange, port: number): boolean {
  return first <= port && port <= last;
}

function numberOf(protocol: PortProtocol, port: number): number {
  return protocolNumbers[protocol] * 65_536 + port;
}
