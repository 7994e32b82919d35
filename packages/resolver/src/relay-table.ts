import { FairleadError, familyOf, formatPortRange, type IpAddress, isUnspecified } from '@fairlead/base';
import type { Relay, RelaySettings } from '@fairlead/dns';

/** Where something that came to a port of the host is to go. */
export interface RelayTarget {
  readonly owner: string;
  readonly address: IpAddress;
  readonly port: number;
}

interface Entry {
  readonly owner: string;
  readonly relay: Relay;
  /** Higher is newer. */
  readonly number: number;
}

/** Longer ranges than this are looked through one by one: few hosts have more than one of them. */
const SHORT = 64;

/** Which ports of the host lead to which ports of containers. Finding one costs the same however many there are. */
export class RelayTable {
  readonly #owners = new Map<string, readonly Relay[]>();
  /** Relays by protocol and port; more than one only where each has a host address of its own. */
  readonly #ports = new Map<string, readonly Entry[]>();
  #ranges: readonly Entry[] = [];
  #count = 0;

  /**
   * Replace the relays of an owner.
   *
   * @throws FairleadError `invalid-argument`; then nothing has changed.
   */
  set({ owner, relays }: RelaySettings): void {
    relays.forEach(requireValid);
    for (const relay of this.#owners.get(owner) ?? []) this.#forget(owner, relay);
    this.#owners.delete(owner);
    if (relays.length === 0) return;
    this.#owners.set(owner, relays);
    for (const relay of relays) {
      const entry = { owner, relay, number: ++this.#count };
      if (isLong(relay)) this.#ranges = [...this.#ranges, entry];
      else for (const key of keysOf(relay)) this.#ports.set(key, [...(this.#ports.get(key) ?? []), entry]);
    }
  }

  /** Where to go from an address and port of the host: one address takes precedence over any address. */
  find(protocol: Relay['protocol'], address: IpAddress, port: number): RelayTarget | undefined {
    const entries = [...(this.#ports.get(`${protocol}/${port}`) ?? []), ...this.#rangesAt(protocol, port)];
    const entry =
      newest(entries.filter(({ relay }) => relay.hostAddress === address)) ??
      newest(entries.filter(({ relay }) => isUnspecified(relay.hostAddress)));
    if (entry === undefined) return undefined;
    const { containerAddress, containerFirst, first } = entry.relay;
    return { owner: entry.owner, address: containerAddress, port: containerFirst + port - first };
  }

  list(): RelaySettings[] {
    return [...this.#owners].map(([owner, relays]) => ({ owner, relays }));
  }

  #rangesAt(protocol: Relay['protocol'], port: number): Entry[] {
    return this.#ranges.filter(({ relay }) => relay.protocol === protocol && relay.first <= port && port <= relay.last);
  }

  #forget(owner: string, relay: Relay): void {
    if (isLong(relay)) {
      this.#ranges = this.#ranges.filter((entry) => entry.owner !== owner);
      return;
    }
    for (const key of keysOf(relay)) {
      const rest = (this.#ports.get(key) ?? []).filter((entry) => entry.owner !== owner);
      if (rest.length > 0) this.#ports.set(key, rest);
      else this.#ports.delete(key);
    }
  }
}

/** True when both lead to the same port of the same owner. */
export function isSameTarget(one: RelayTarget, other: RelayTarget | undefined): boolean {
  return one.owner === other?.owner && one.address === other.address && one.port === other.port;
}

/** Should an owner be late in giving a port up, the port already belongs to the next one. */
function newest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (found, entry) => (found && found.number > entry.number ? found : entry),
    undefined,
  );
}

function isLong({ first, last }: Relay): boolean {
  return last - first >= SHORT;
}

function* keysOf({ protocol, first, last }: Relay): Generator<string> {
  for (let port = first; port <= last; port++) yield `${protocol}/${port}`;
}

function requireValid({ protocol, hostAddress, first, last, containerFirst }: Relay): void {
  const ports = formatPortRange({ first, last });
  if (protocol !== 'tcp' && protocol !== 'udp') throw invalid(`cannot relay ${protocol}`);
  if (familyOf(hostAddress) !== 6) throw invalid(`cannot relay from ${hostAddress}: not IPv6`);
  if (!(first >= 1 && first <= last && last <= 65_535)) throw invalid(`cannot relay ports ${ports}`);
  if (!(containerFirst >= 1 && containerFirst + last - first <= 65_535)) {
    throw invalid(`cannot relay ports ${ports} to ${containerFirst} and those after it`);
  }
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
