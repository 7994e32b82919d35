import {
  addressOf,
  FairleadError,
  type IpAddress,
  ipFromInteger,
  ipToInteger,
  lastAddress,
  messageOf,
  type Prefix,
  prefixBounds,
  prefixContains,
  prefixFamily,
  prefixLength,
} from '@fairlead/base';
import { MinHeap } from './min-heap.ts';

/** What an {@link AddressPool} is made from. */
export interface AddressPoolOptions {
  readonly subnet: Prefix;
  /** Where addresses that nobody asked for by value come from; the whole subnet when absent. */
  readonly range?: Prefix | undefined;
  /** The gateway's address; `auto` takes the first one of the range, `none` keeps none. */
  readonly gateway: IpAddress | 'auto' | 'none';
  /** Addresses never to give to a container, by name. */
  readonly auxiliary?: ReadonlyMap<string, IpAddress> | undefined;
  /** How the network is called in messages: its name and its ID in parentheses. */
  readonly network: string;
}

/** How much of a pool is used, as `docker network inspect` reports it. */
export interface AddressPoolUsage {
  /** Addresses of the subnet that are taken or reserved. */
  readonly inUse: bigint;
  /** Addresses of the range that are still free. */
  readonly available: bigint;
}

/**
 * The addresses of one subnet of one network.
 *
 * The pool is not stored: it is made again from the configuration, and {@link reserve} replays the leases. Work and
 * memory grow with the addresses taken, not with the size of the subnet, so an IPv6 /64 costs what a /24 does.
 */
export class AddressPool {
  readonly subnet: Prefix;
  readonly range: Prefix;
  readonly gateway: IpAddress | undefined;
  readonly #network: string;
  readonly #taken = new Set<IpAddress>();
  #takenInRange = 0n;
  /** Every address of the range below this one is taken or in `#freed`. */
  #next: bigint;
  readonly #end: bigint;
  readonly #freed = new MinHeap();
  /** What is in `#freed`, so that an address taken and released over and over is in it once. */
  readonly #inFreed = new Set<bigint>();
  /** Network and broadcast, or the subnet-router anycast address: nobody's, and never released. */
  readonly #unusable: ReadonlySet<IpAddress>;

  /**
   * @throws FairleadError `internal` when the gateway's or an auxiliary address cannot be had.
   */
  constructor(options: AddressPoolOptions) {
    this.subnet = options.subnet;
    this.range = options.range ?? options.subnet;
    this.#network = options.network;
    const { first, last } = prefixBounds(this.range);
    this.#next = first;
    this.#end = last;
    this.#unusable = unusableAddresses(this.subnet);
    for (const address of this.#unusable) this.#take(address);
    this.gateway = this.#takeGateway(options.gateway);
    for (const [name, address] of options.auxiliary ?? []) this.#takeAuxiliary(name, address);
  }

  /** True when `address` is one of the subnet's, free or not. */
  contains(address: IpAddress): boolean {
    return prefixContains(this.subnet, address);
  }

  /** True when `address` is taken or reserved. */
  isTaken(address: IpAddress): boolean {
    return this.#taken.has(address);
  }

  /**
   * Take an address: the preferred one when it is free, else the lowest free one of the range, or the highest.
   *
   * @param preferred what the taker had before, so that addresses stick.
   * @param fromEnd where somebody else gives the lowest ones.
   * @throws FairleadError `internal` when the range is used up.
   */
  allocate(preferred?: IpAddress, fromEnd = false): IpAddress {
    if (preferred !== undefined && this.contains(preferred) && !this.isTaken(preferred)) return this.#take(preferred);
    const address = fromEnd ? this.#highestFree() : this.#lowestFree();
    if (address === undefined) throw noAddress(this.subnet, this.#network);
    return this.#take(address);
  }

  /**
   * Take this very address, for a static address or a stored lease. It may lie outside the range.
   *
   * @throws FairleadError `forbidden` when it is taken, `invalid-argument` when it is outside the subnet.
   */
  reserve(address: IpAddress): IpAddress {
    if (!this.contains(address)) throw new FairleadError('invalid-argument', 'requested address is out of range');
    if (this.isTaken(address)) throw new FairleadError('forbidden', 'Address already in use');
    return this.#take(address);
  }

  /** Give an address back. What is not taken stays so; network, broadcast and gateway addresses are never freed. */
  release(address: IpAddress): void {
    if (address === this.gateway || this.#unusable.has(address) || !this.#taken.delete(address)) return;
    if (!prefixContains(this.range, address)) return;
    this.#takenInRange--;
    const value = ipToInteger(address);
    if (value >= this.#next || this.#inFreed.has(value)) return;
    this.#inFreed.add(value);
    this.#freed.push(value);
  }

  /** How much is used and how much is left. */
  get usage(): AddressPoolUsage {
    const { first, last } = prefixBounds(this.range);
    return { inUse: BigInt(this.#taken.size), available: last - first + 1n - this.#takenInRange };
  }

  #take(address: IpAddress): IpAddress {
    this.#taken.add(address);
    if (prefixContains(this.range, address)) this.#takenInRange++;
    return address;
  }

  #lowestFree(): IpAddress | undefined {
    const family = prefixFamily(this.subnet);
    for (let value = this.#freed.pop(); value !== undefined; value = this.#freed.pop()) {
      this.#inFreed.delete(value);
      const address = ipFromInteger(value, family);
      if (!this.isTaken(address)) return address;
    }
    while (this.#next <= this.#end) {
      const address = ipFromInteger(this.#next++, family);
      if (!this.isTaken(address)) return address;
    }
    return undefined;
  }

  #highestFree(): IpAddress | undefined {
    const family = prefixFamily(this.subnet);
    for (let value = this.#end; value >= prefixBounds(this.range).first; value--) {
      const address = ipFromInteger(value, family);
      if (!this.isTaken(address)) return address;
    }
    return undefined;
  }

  #takeGateway(wanted: IpAddress | 'auto' | 'none'): IpAddress | undefined {
    if (wanted === 'none') return undefined;
    try {
      return wanted === 'auto' ? this.allocate() : this.reserve(wanted);
    } catch (error) {
      const named = wanted === 'auto' ? '' : wanted;
      const message = `failed to allocate gateway (${named}): ${messageOf(error)}`;
      throw new FairleadError('internal', message, { cause: error });
    }
  }

  #takeAuxiliary(name: string, address: IpAddress): void {
    try {
      this.reserve(address);
    } catch (error) {
      const message = `failed to allocate secondary ip address (${name}:${address}): ${messageOf(error)}`;
      throw new FairleadError('internal', message, { cause: error });
    }
  }
}

/**
 * Take an address from a network's pools of one family: a static one from the subnet that it lies in, else the
 * preferred one, else the lowest free one of the first pool that has any, or the highest.
 *
 * @param network how the network is called in messages: its name and its ID in parentheses.
 * @throws FairleadError as {@link AddressPool} does; `invalid-argument` when no pool contains the static address.
 */
export function allocateAddress(
  pools: readonly AddressPool[],
  network: string,
  wish: { static?: IpAddress | undefined; preferred?: IpAddress | undefined; fromEnd?: boolean },
): { pool: AddressPool; address: IpAddress } {
  const wanted = wish.static ?? wish.preferred;
  const owner = wanted === undefined ? undefined : pools.find((pool) => pool.contains(wanted));
  if (wish.static !== undefined) {
    if (owner !== undefined) return { pool: owner, address: owner.reserve(wish.static) };
    throw new FairleadError('invalid-argument', `no configured subnet contains IP address ${wish.static}`);
  }
  const usable = pools.find((pool) => pool.usage.available > 0n);
  const free = owner !== undefined && wish.preferred !== undefined && !owner.isTaken(wish.preferred) ? owner : usable;
  if (free !== undefined) return { pool: free, address: free.allocate(wish.preferred, wish.fromEnd) };
  throw noAddress(pools[0]?.subnet, network);
}

function unusableAddresses(subnet: Prefix): ReadonlySet<IpAddress> {
  const length = prefixLength(subnet);
  const network = addressOf(subnet);
  if (prefixFamily(subnet) === 4) return new Set(length >= 31 ? [] : [network, lastAddress(subnet)]);
  // RFC 4291, 2.6.1; a /127 between two routers has no such address (RFC 6164).
  return new Set(length >= 127 ? [] : [network]);
}

function noAddress(subnet: Prefix | undefined, network: string): FairleadError {
  const family = subnet === undefined ? 4 : prefixFamily(subnet);
  return new FairleadError(
    'internal',
    `no available IPv${family} addresses on this network's address pools: ${network}`,
  );
}
