import {
  addressOf,
  FairleadError,
  type Family,
  type IpAddress,
  type Prefix,
  prefixFamily,
  tryParseIpAddress,
  withPrefix,
} from '@fairlead/base';
import { parseIpamConfig, type SubnetRequest } from '@fairlead/ipam';
import type { RemoteIpamDriver } from '@fairlead/plugins';
import type { IpamRequest, NetworkRequest } from '../network/network-request.ts';
import type { RemotePool } from './remote-model.ts';

/** Pools that a plugin has given for a network that is to be made. */
export interface PreparedPools {
  /** The pools, as if they had been asked for by value. */
  readonly config: readonly IpamRequest[];
  /** In the same order. */
  readonly pools: readonly RemotePool[];
}

/** What of a request decides about its pools. */
export interface PoolQuestion {
  readonly ipam: NonNullable<NetworkRequest['ipam']>;
  readonly families: readonly Family[];
  /** Whether a pool needs an address for the network itself. */
  readonly gateway: 'auto' | 'asked';
}

/**
 * Have a plugin give the pools of a network, with the addresses of gateways and those that are kept back.
 *
 * @param giveBack is called with what it had given by the time that it fails.
 * @throws FairleadError in Docker's words, or the plugin's.
 */
export async function requestPools(
  driver: RemoteIpamDriver,
  question: PoolQuestion,
  giveBack: (pools: readonly RemotePool[]) => Promise<void>,
): Promise<PreparedPools> {
  const { ipam, families } = question;
  const asked = parseIpamConfig(ipam.config ?? [], { ipv6Enabled: families.includes(6) });
  const addressSpace = await driver.addressSpace();
  const config: IpamRequest[] = [];
  const pools: RemotePool[] = [];
  try {
    for (const family of families) {
      const ofFamily = asked.filter(({ subnet }) => prefixFamily(subnet) === family);
      for (const wanted of ofFamily.length > 0 ? ofFamily : [undefined]) {
        const one = await requestPool(driver, { addressSpace, family, wanted, options: ipam.options ?? {} });
        pools.push(one.pool);
        requireFamily(one, family);
        config.push(await fill(driver, one, wanted, question.gateway, (pool) => pools.splice(-1, 1, pool)));
      }
    }
    return { config, pools };
  } catch (error) {
    await giveBack(pools);
    throw error;
  }
}

interface Given {
  readonly pool: RemotePool;
  readonly subnet: Prefix;
  readonly gateway?: IpAddress;
}

async function requestPool(
  driver: RemoteIpamDriver,
  request: {
    readonly addressSpace: string;
    readonly family: Family;
    readonly wanted: SubnetRequest | undefined;
    readonly options: Readonly<Record<string, string>>;
  },
): Promise<Given> {
  const { addressSpace, family, wanted, options } = request;
  const asked = { ...(wanted && { pool: wanted.subnet }), ...(wanted?.range && { range: wanted.range }) };
  const given = await driver.requestPool({ addressSpace, ...asked, options, ipv6: family === 6 });
  const pool = { id: given.id, addressSpace, asked, kept: [] };
  return { pool, subnet: given.pool, ...(given.gateway && { gateway: addressOf(given.gateway) }) };
}

function requireFamily({ subnet }: Given, family: Family): void {
  if (prefixFamily(subnet) === family) return;
  throw new FairleadError('internal', `remote: pool ${subnet} is not of the family that was asked for`);
}

/** @param note gets the pool again with each address that was taken of it. */
async function fill(
  driver: RemoteIpamDriver,
  { pool, subnet, gateway: chosen }: Given,
  wanted: SubnetRequest | undefined,
  rule: PoolQuestion['gateway'],
  note: (pool: RemotePool) => void,
): Promise<IpamRequest> {
  const kept: IpAddress[] = [];
  const take = async (address: IpAddress | undefined, purpose: { readonly gateway?: boolean }) => {
    const given = addressOf(await driver.requestAddress(pool.id, address, purpose));
    kept.push(given);
    note({ ...pool, kept: [...kept] });
    return given;
  };
  const asked = wanted?.gateway;
  const needsGateway = asked !== undefined || (rule === 'auto' && chosen === undefined);
  const gateway = needsGateway
    ? await take(asked, { gateway: true }).catch((error: unknown) => {
        throw withPrefix(`failed to allocate gateway (${asked ?? ''}): `, error);
      })
    : chosen;
  const auxiliary = [...(wanted?.auxiliary ?? [])];
  for (const [name, address] of auxiliary) {
    await take(tryParseIpAddress(address), {}).catch((error: unknown) => {
      throw withPrefix(`failed to allocate secondary ip address (${name}:${address}): `, error);
    });
  }
  return {
    subnet,
    ...(wanted?.range && { range: wanted.range }),
    ...(gateway && { gateway }),
    ...(auxiliary.length > 0 && { auxiliary: Object.fromEntries(auxiliary) }),
  };
}
