import {
  addressOf,
  FairleadError,
  type Family,
  type IpAddress,
  type MacAddress,
  parseMacAddress,
  prefixContains,
  prefixFamily,
  tryParseIpAddress,
} from '@fairlead/base';
import type { RemoteIpamDriver } from '@fairlead/plugins';
import { randomMac } from '../address/hardware-address.ts';
import { fits, leaseId } from '../address/lease.ts';
import type { JoinRequest } from '../endpoint/endpoint-factory.ts';
import { requireValidEndpoint } from '../endpoint/endpoint-rules.ts';
import type { EndpointConfig, Lease, Network } from '../model.ts';
import type { NetworkState } from '../state.ts';
import type { PluginPort } from './plugin-port.ts';

/** Addresses that plugins give. A container keeps what it got for as long as it exists, as everywhere. */
export class RemoteLeases {
  readonly #state: NetworkState;
  readonly #plugins: PluginPort;

  constructor(state: NetworkState, plugins: PluginPort) {
    this.#state = state;
    this.#plugins = plugins;
  }

  /**
   * See that a container has its addresses on the networks whose pools are a plugin's.
   *
   * @param signal gives up a plugin that does not answer.
   * @returns the networks on which it had none before.
   * @throws FairleadError in the plugin's words; the container has what it had then.
   */
  async ensure(owner: string, requests: readonly JoinRequest[], signal?: AbortSignal): Promise<readonly string[]> {
    const fresh: string[] = [];
    try {
      for (const { network, config } of requests) {
        if (network.pools === undefined) continue;
        const previous = this.#state.addresses.find(network.id, owner);
        if (previous !== undefined && fits(previous, config)) continue;
        requireValidEndpoint(network, config);
        if (previous !== undefined) this.#state.releaseLease(network.id, owner);
        await this.#request(network, owner, { config, previous, signal });
        if (previous === undefined) fresh.push(network.id);
      }
      return fresh;
    } catch (error) {
      for (const network of fresh) this.#state.releaseLease(network, owner);
      throw error;
    }
  }

  /** Tell a plugin that forgets which pools and addresses are in use. */
  async replay(network: Network): Promise<void> {
    const driver = await this.#plugins.ipamDriver(network.ipamDriver);
    if (!(await driver.capabilities()).needsReplay) return;
    for (const [index, { id, addressSpace, asked, kept }] of (network.pools ?? []).entries()) {
      const subnet = network.subnets[index]?.subnet;
      if (subnet === undefined) continue;
      const ipv6 = subnet.includes(':');
      await driver.requestPool({ addressSpace, ...asked, pool: subnet, options: network.ipamOptions ?? {}, ipv6 });
      for (const address of kept) {
        await driver.requestAddress(id, address, { gateway: address === network.subnets[index]?.gateway });
      }
    }
    for (const { ipv4, ipv6, mac } of this.#state.addresses.leasesOn(network.id)) {
      for (const address of [ipv4, ipv6]) {
        const pool = address && poolOf(network, address.includes(':') ? 6 : 4, address);
        if (address && pool !== undefined) await driver.requestAddress(pool, address, { ...(mac && { mac }) });
      }
    }
  }

  async #request(network: Network, owner: string, { config, previous, signal }: AddressWish): Promise<void> {
    const driver = await this.#plugins.ipamDriver(network.ipamDriver, { signal });
    const mac = (await driver.capabilities()).needsMac ? (previous?.mac ?? macOf(config)) : undefined;
    const taken: { pool: string; address: IpAddress }[] = [];
    try {
      const take = async (family: Family, wanted: string | undefined) => {
        if (!network[`ipv${family}`]) return undefined;
        const fixed = wanted ? tryParseIpAddress(wanted) : undefined;
        const given = await this.#take(driver, network, owner, { family, wanted: fixed, mac });
        taken.push(given);
        return given.address;
      };
      const [ipv4, ipv6] = [await take(4, config.ipv4Address), await take(6, config.ipv6Address)];
      const given = { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }), ...(mac && { mac }) };
      this.#state.addresses.adopt(network, owner, config, given);
    } catch (error) {
      for (const { pool, address } of taken) this.#giveBack(network, owner, pool, address);
      throw error;
    }
  }

  async #take(
    driver: RemoteIpamDriver,
    network: Network,
    owner: string,
    { family, wanted, mac }: AddressQuestion,
  ): Promise<{ readonly pool: string; readonly address: IpAddress }> {
    const pool = poolOf(network, family, wanted);
    if (pool === undefined) throw new FairleadError('internal', `no pool of IPv${family} on network ${network.name}`);
    const address = addressOf(await driver.requestAddress(pool, wanted, { ...(mac && { mac }) }));
    if (poolOf(network, family, address) !== pool) {
      this.#giveBack(network, owner, pool, address);
      throw new FairleadError('internal', `remote: address ${address} is not of the pool that it was asked of`);
    }
    // It stays whose it is: the gateway's, that of another container, or nobody's.
    if (this.#state.addresses.isTaken(network.id, address)) {
      throw new FairleadError('forbidden', `remote: ${address}: Address already in use`);
    }
    return { pool, address };
  }

  /** What nobody has use for; a plugin that does not listen now is told later. */
  #giveBack({ id, ipamDriver }: Network, owner: string, pool: string, address: IpAddress): void {
    this.#state.owe(ipamDriver, leaseId(id, owner), { kind: 'release-address', pool, address });
  }
}

/** What a container wants, and how long. */
interface AddressWish {
  readonly config: EndpointConfig;
  readonly previous: Lease | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An address that is wanted. */
interface AddressQuestion {
  readonly family: Family;
  readonly wanted: IpAddress | undefined;
  readonly mac: MacAddress | undefined;
}

/** The pool that an address is of, or the first of its family. */
function poolOf({ subnets, pools }: Network, family: Family, address: IpAddress | undefined): string | undefined {
  const index = subnets.findIndex(({ subnet }) =>
    address === undefined ? prefixFamily(subnet) === family : prefixContains(subnet, address),
  );
  return pools?.[index]?.id;
}

function macOf({ macAddress }: EndpointConfig): MacAddress {
  return macAddress ? parseMacAddress(macAddress) : randomMac();
}
