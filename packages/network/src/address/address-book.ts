import { createHash } from 'node:crypto';
import {
  FairleadError,
  type Family,
  type IpAddress,
  ipToBytes,
  localMacAddress,
  type MacAddress,
  macFromBytes,
  type Prefix,
  parseMacAddress,
  prefixFamily,
  tryParseIpAddress,
} from '@fairlead/base';
import { AddressPool, type AddressPoolUsage, allocateAddress } from '@fairlead/ipam';
import type { Collection } from '@fairlead/store';
import { isLan } from '../lan/lan-network.ts';
import type { EndpointConfig, Lease, Network, SubnetConfig } from '../model.ts';

/** How much of a subnet is used; what stopped containers keep counts, too. */
export interface SubnetUsage extends AddressPoolUsage {
  readonly subnet: Prefix;
}

/** Identity of a lease: one for each container and network. */
export function leaseId(network: string, owner: string): string {
  return `${network}/${owner}`;
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

function leaseOf(
  network: Network,
  owner: string,
  config: EndpointConfig,
  { ipv4, ipv6, lan, mac = macOf(network, config, ipv4, ipv6) }: Given,
): Lease {
  return {
    id: leaseId(network.id, owner),
    network: network.id,
    owner,
    ...(mac && { mac }),
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    ...(lan && { lan }),
  };
}

/** Whom a network's addresses are shared with, beside those that they are given to here. */
export interface Company {
  /**
   * Addresses that only who asks for them by value gets: the host's own, on a wire that it is on as well, and what somebody
   * on the same bridge has had lately.
   */
  readonly kept?: ReadonlySet<IpAddress>;
  /** Addresses that nobody gets: others use them on the same bridge. */
  readonly guests?: ReadonlySet<IpAddress>;
  /** Somebody else gives addresses of the network as well, and begins with the lowest. */
  readonly fromEnd?: boolean;
}

function isGivenTo(address: IpAddress, isAskedFor: boolean, { kept, guests }: Company): boolean {
  return guests?.has(address) !== true && (isAskedFor || kept?.has(address) !== true);
}

/** True when somebody else uses by now what a container had. */
function isElsewhere({ ipv4, ipv6 }: Lease, { guests }: Company): boolean {
  return [ipv4, ipv6].some((address) => address !== undefined && guests?.has(address) === true);
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

/** What somebody else has given. */
type Given = Pick<Lease, 'ipv4' | 'ipv6' | 'mac' | 'lan'>;

function hasOwnPools(network: Network): boolean {
  return network.ipamDriver !== 'null' && !isLan(network);
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

/** A network that has got another IP version since has an address more for everybody. */
function isWhole({ ipv4, ipv6 }: Lease, network: Network): boolean {
  if (!hasOwnPools(network)) return true;
  return (ipv4 !== undefined) === network.ipv4 && (ipv6 !== undefined) === network.ipv6;
}

/** A lease serves as long as it has every address that is asked for by value. */
export function fits(lease: Lease, config: EndpointConfig): boolean {
  const same = (wanted: string | undefined, has: IpAddress | undefined) => !wanted || tryParseIpAddress(wanted) === has;
  const sameMac = !config.macAddress || parseMacAddress(config.macAddress) === lease.mac;
  return same(config.ipv4Address, lease.ipv4) && same(config.ipv6Address, lease.ipv6) && sameMac;
}

function label(network: Network): string {
  return `${network.name} (${network.id})`;
}

function macOf(
  network: Network,
  { macAddress }: EndpointConfig,
  ipv4: IpAddress | undefined,
  ipv6: IpAddress | undefined,
): MacAddress | undefined {
  if (macAddress) return parseMacAddress(macAddress);
  // A plugin gives its interfaces the address that suits it.
  if (hasParentsMac(network) || network.remote !== undefined) return undefined;
  if (network.driver === 'macvlan' && ipv4 === undefined && ipv6 !== undefined) return digestMac(ipv6);
  return macFor(ipv4 ?? ipv6);
}

/** In mode passthru another one would become the parent's, too, and the host's card is no container's to change unasked. */
function hasParentsMac({ parent }: Network): boolean {
  return parent?.type.kind === 'ipvlan' || parent?.type.mode === 'passthru';
}

/**
 * As {@link macFor}, of the whole address: links of macvlan share the wire with those of other networks and other hosts,
 * where the last four bytes of an IPv6 address are nobody's own. The kernel brings up no two with one hardware address.
 */
function digestMac(address: IpAddress): MacAddress {
  return localMacAddress(createHash('sha256').update(ipToBytes(address)).digest().subarray(0, 6));
}

/**
 * The hardware address that goes with an address: `02:42` and its last four bytes, as Docker made them before version 28.
 *
 * Whoever gets an address after another one gets its hardware address, too. With a random one the host and the neighbours
 * would go on sending to the one before, for as long as their neighbour caches hold it reachable.
 */
function macFor(address: IpAddress | undefined): MacAddress {
  return address === undefined ? randomMac() : macFromBytes(Uint8Array.of(0x02, 0x42, ...ipToBytes(address).slice(-4)));
}

/** A fresh locally administered address. */
export function randomMac(): MacAddress {
  return localMacAddress(crypto.getRandomValues(new Uint8Array(6)));
}
