import {
  FairleadError,
  type Family,
  type IpAddress,
  type Prefix,
  prefixFamily,
  tryParseIpAddress,
} from '@fairlead/base';
import { AddressPool, type AddressPoolUsage, allocateAddress } from '@fairlead/ipam';
import type { Collection } from '@fairlead/store';
import type { EndpointConfig, Lease, Network, SubnetConfig } from '../model.ts';
import { type Company, isElsewhere, isGivenTo } from './company.ts';
import { fits, type Given, hasOwnPools, isWhole, leaseId, leaseOf } from './lease.ts';

/** How much of a subnet is used; what stopped containers keep counts, too. */
export interface SubnetUsage extends AddressPoolUsage {
  readonly subnet: Prefix;
}

/**
 * Who has which address. Pools are not stored: they are made anew from networks and leases, and a container keeps its
 * lease until it is removed or disconnected, so that its addresses neither change at a restart nor go to others.
 */
export class AddressBook {
  readonly #leases: Collection<Lease>;
  readonly #pools = new Map<string, readonly AddressPool[]>();

  constructor(leases: Collection<Lease>, networks: Iterable<Network>) {
    this.#leases = leases;
    for (const network of networks) this.open(network);
    for (const lease of leases) this.#take(lease);
  }

  /** Start to give addresses of a network. */
  open(network: Network): void {
    this.#pools.set(
      network.id,
      network.subnets.map((subnet) => poolOf(network, subnet)),
    );
  }

  /** Give addresses of a network by what it is now; what was given stays. */
  reopen(network: Network): void {
    this.open(network);
    for (const lease of this.#leases) if (lease.network === network.id) this.#take(lease);
  }

  /** Forget a network and every lease on it; to be called inside a transaction, for there may be many. */
  close(network: string): void {
    this.#pools.delete(network);
    for (const lease of [...this.#leases]) if (lease.network === network) this.#leases.delete(lease.id);
  }

  /**
   * The addresses of a container on a network: the static ones asked for, else those it had before, else free ones.
   *
   * @throws FairleadError `forbidden` when a static address is taken, `internal` when a pool is used up; the container
   * keeps what it had before then.
   */
  lease(network: Network, owner: string, config: EndpointConfig, company: Company = {}): Lease {
    const previous = this.find(network.id, owner);
    const isGood = previous !== undefined && isWhole(previous, network) && fits(previous, config);
    if (isGood && !isElsewhere(previous, company)) return previous;
    if (network.pools !== undefined) throw new FairleadError('internal', `no address given on ${label(network)}`);
    if (previous !== undefined) this.#free(previous);
    const taken: IpAddress[] = [];
    try {
      return this.#leases.put(this.#newLease(network, owner, { config, previous, company }, taken));
    } catch (error) {
      for (const address of taken) this.#poolOf(network.id, address)?.release(address);
      if (previous !== undefined) this.#take(previous);
      throw error;
    }
  }

  /** Keep what somebody else has given to a container. */
  adopt(network: Network, owner: string, config: EndpointConfig, given: Given): Lease {
    const lease = leaseOf(network, owner, config, given);
    this.#take(lease);
    return this.#leases.put(lease);
  }

  /** True when an address of a network is somebody's, or can be nobody's. */
  isTaken(network: string, address: IpAddress): boolean {
    return this.#poolOf(network, address)?.isTaken(address) === true;
  }

  /** How much of each subnet of a network is used, and left for who asks for no address by value. */
  usage(network: string): SubnetUsage[] {
    return (this.#pools.get(network) ?? []).map(({ subnet, usage }) => ({ subnet, ...usage }));
  }

  /** Every lease on a network. */
  leasesOn(network: string): Lease[] {
    return [...this.#leases].filter((lease) => lease.network === network);
  }

  /** The lease of a container on a network. */
  find(network: string, owner: string): Lease | undefined {
    return this.#leases.get(leaseId(network, owner));
  }

  /**
   * Undo what {@link lease} did: the container has `previous` again, or nothing. Addresses that it had given up and that
   * others have taken since are lost to it.
   */
  restore(network: string, owner: string, previous: Lease | undefined): void {
    const current = this.find(network, owner);
    if (current === previous) return;
    this.release(network, owner);
    if (previous !== undefined && this.#addresses(previous).every(({ pool, address }) => !pool.isTaken(address))) {
      this.#take(previous);
      this.#leases.put(previous);
    }
  }

  /** Give the addresses of a container on a network back. */
  release(network: string, owner: string): void {
    const lease = this.find(network, owner);
    if (lease === undefined) return;
    this.#leases.delete(lease.id);
    this.#free(lease);
  }

  /** Give everything back that a container has. */
  releaseAll(owner: string): void {
    for (const network of this.#pools.keys()) this.release(network, owner);
  }

  /** @param taken gets every address as it is taken, also when the next one cannot be had. */
  #newLease(network: Network, owner: string, { config, previous, company }: LeaseWish, taken: IpAddress[]): Lease {
    const take = (family: Family, wanted: string | undefined, preferred: IpAddress | undefined) => {
      const address = this.#allocate(network, family, { wanted, preferred, company });
      taken.push(address);
      return address;
    };
    const pooled = hasOwnPools(network);
    const ipv4 = pooled && network.ipv4 ? take(4, config.ipv4Address, previous?.ipv4) : undefined;
    const ipv6 = pooled && network.ipv6 ? take(6, config.ipv6Address, previous?.ipv6) : undefined;
    return leaseOf(network, owner, config, { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) });
  }

  #allocate(network: Network, family: Family, { wanted, preferred, company }: AddressWish): IpAddress {
    const pools = (this.#pools.get(network.id) ?? []).filter(({ subnet }) => prefixFamily(subnet) === family);
    const fixed = wanted ? tryParseIpAddress(wanted) : undefined;
    const passedOver: ReturnType<typeof allocateAddress>[] = [];
    try {
      for (;;) {
        const { fromEnd = false } = company;
        const found = allocateAddress(pools, label(network), { static: fixed, preferred, fromEnd });
        if (isGivenTo(found.address, fixed !== undefined, company)) return found.address;
        passedOver.push(found);
        if (fixed !== undefined) throw new FairleadError('forbidden', 'Address already in use');
      }
    } finally {
      for (const { pool, address } of passedOver) pool.release(address);
    }
  }

  #take(lease: Lease): void {
    for (const { pool, address } of this.#addresses(lease)) if (!pool.isTaken(address)) pool.reserve(address);
  }

  #free(lease: Lease): void {
    for (const { pool, address } of this.#addresses(lease)) pool.release(address);
  }

  #addresses(lease: Lease): { readonly pool: AddressPool; readonly address: IpAddress }[] {
    return [lease.ipv4, lease.ipv6].flatMap((address) => {
      const pool = address && this.#poolOf(lease.network, address);
      return address && pool ? [{ pool, address }] : [];
    });
  }

  #poolOf(network: string, address: IpAddress): AddressPool | undefined {
    return this.#pools.get(network)?.find((pool) => pool.contains(address));
  }
}

/** What a lease is made from. */
interface LeaseWish {
  readonly config: EndpointConfig;
  readonly previous: Lease | undefined;
  readonly company: Company;
}

interface AddressWish {
  readonly wanted: string | undefined;
  readonly preferred: IpAddress | undefined;
  readonly company: Company;
}

function poolOf(network: Network, { subnet, range, gateway, auxiliary }: SubnetConfig): AddressPool {
  return new AddressPool({
    subnet,
    range,
    gateway: gateway ?? 'none',
    auxiliary: new Map(Object.entries(auxiliary ?? {})),
    network: label(network),
  });
}

function label(network: Network): string {
  return `${network.name} (${network.id})`;
}
