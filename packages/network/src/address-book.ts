import { type IpAddress, localMacAddress, type MacAddress, parseMacAddress, prefixFamily, tryParseIpAddress } from '@fairlead/base';
import { AddressPool, allocateAddress } from '@fairlead/ipam';
import type { Collection } from '@fairlead/store';
import type { EndpointConfig, Lease, Network, SubnetConfig } from './model.ts';

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
    for (const lease of leases) this.#replay(lease);
  }

  /** Start to give addresses of a network. */
  open(network: Network): void {
    this.#pools.set(network.id, network.subnets.map((subnet) => poolOf(network, subnet)));
  }

  /** Forget a network and every lease on it. */
  close(network: string): void {
    this.#pools.delete(network);
    for (const lease of [...this.#leases]) if (lease.network === network) this.#leases.delete(lease.id);
  }

  /**
   * The addresses of a container on a network: the static ones asked for, else those it had before, else free ones.
   *
   * @throws FairleadError `forbidden` when a static address is taken, `internal` when a pool is used up.
   */
  lease(network: Network, owner: string, config: EndpointConfig): Lease {
    const id = leaseId(network.id, owner);
    const previous = this.#leases.get(id);
    if (previous !== undefined && fits(previous, config)) return previous;
    if (previous !== undefined) this.release(network.id, owner);
    const taken: { pool: AddressPool; address: IpAddress }[] = [];
    try {
      if (network.ipv4) taken.push(this.#allocate(network, 4, config.ipv4Address, previous?.ipv4));
      if (network.ipv6) taken.push(this.#allocate(network, 6, config.ipv6Address, previous?.ipv6));
      const mac = config.macAddress ? parseMacAddress(config.macAddress) : (previous?.mac ?? randomMac());
      const ipv4 = taken.find(({ pool }) => prefixFamily(pool.subnet) === 4)?.address;
      const ipv6 = taken.find(({ pool }) => prefixFamily(pool.subnet) === 6)?.address;
      return this.#leases.put({ id, network: network.id, owner, mac, ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) });
    } catch (error) {
      for (const { pool, address } of taken) pool.release(address);
      throw error;
    }
  }

  /** Give the addresses of a container on a network back. */
  release(network: string, owner: string): void {
    const lease = this.#leases.get(leaseId(network, owner));
    if (lease === undefined) return;
    this.#leases.delete(lease.id);
    for (const address of [lease.ipv4, lease.ipv6]) {
      const pool = address && this.#pools.get(network)?.find((candidate) => candidate.contains(address));
      if (address && pool) pool.release(address);
    }
  }

  /** Give everything back that a container has. */
  releaseAll(owner: string): void {
    for (const lease of [...this.#leases]) if (lease.owner === owner) this.release(lease.network, owner);
  }

  #allocate(network: Network, family: 4 | 6, wanted: string | undefined, preferred: IpAddress | undefined) {
    const pools = (this.#pools.get(network.id) ?? []).filter(({ subnet }) => prefixFamily(subnet) === family);
    const fixed = wanted ? tryParseIpAddress(wanted) : undefined;
    return allocateAddress(pools, label(network), { static: fixed, preferred });
  }

  #replay(lease: Lease): void {
    for (const address of [lease.ipv4, lease.ipv6]) {
      const pool = address && this.#pools.get(lease.network)?.find((candidate) => candidate.contains(address));
      if (address && pool && !pool.isTaken(address)) pool.reserve(address);
    }
  }
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

/** A lease serves as long as it has every address that is asked for by value. */
function fits(lease: Lease, config: EndpointConfig): boolean {
  const same = (wanted: string | undefined, has: IpAddress | undefined) => !wanted || tryParseIpAddress(wanted) === has;
  const sameMac = !config.macAddress || parseMacAddress(config.macAddress) === lease.mac;
  return same(config.ipv4Address, lease.ipv4) && same(config.ipv6Address, lease.ipv6) && sameMac;
}

function label(network: Network): string {
  return `${network.name} (${network.id})`;
}

/** A fresh locally administered address. */
export function randomMac(): MacAddress {
  return localMacAddress(crypto.getRandomValues(new Uint8Array(6)));
}
