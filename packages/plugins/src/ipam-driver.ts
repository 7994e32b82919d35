import { FairleadError, type InterfaceAddress, type IpAddress, type MacAddress, type Prefix } from '@fairlead/base';
import { type Answer, accepted } from './answer.ts';
import type { PluginCaller } from './plugin-client.ts';

/** What an address driver wants. */
export interface IpamCapabilities {
  /** It gives an address only to who says under which hardware address it will be used. */
  readonly needsMac: boolean;
  /** It forgets everything with every start of the engine, and has to be told again. */
  readonly needsReplay: boolean;
}

/** A pool that is wanted; what is absent is the driver's to choose. */
export interface PoolRequest {
  readonly addressSpace: string;
  readonly pool?: Prefix;
  readonly range?: Prefix;
  readonly options: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
}

/** A pool that a driver has given. */
export interface GivenPool {
  readonly id: string;
  readonly pool: Prefix;
  /** Router that the driver has chosen itself. */
  readonly gateway?: InterfaceAddress;
}

/** What an address is for. */
export interface AddressPurpose {
  readonly gateway?: boolean;
  readonly mac?: MacAddress;
  readonly options?: Readonly<Record<string, string>>;
}

/** How Docker calls answers that are not called after the question (libnetwork, ipams/remote/api). */
const answerTypes: Readonly<Record<string, string>> = {
  GetCapabilities: 'GetCapabilityResponse',
  GetDefaultAddressSpaces: 'GetAddressSpacesResponse',
};

/** A giver of addresses in another process (libnetwork's remote IPAM protocol, version 1). */
export class RemoteIpamDriver {
  readonly #caller: PluginCaller;

  constructor(caller: PluginCaller) {
    this.#caller = caller;
  }

  /** A driver that does not know the question wants nothing. */
  async capabilities(): Promise<IpamCapabilities> {
    const answer = await this.#call('GetCapabilities').catch((error: unknown) => {
      if (error instanceof FairleadError && error.code === 'not-implemented') return undefined;
      throw error;
    });
    return {
      needsMac: answer?.flag('RequiresMACAddress') ?? false,
      needsReplay: answer?.flag('RequiresRequestReplay') ?? false,
    };
  }

  /** Name of the address space for networks of one host. */
  async addressSpace(): Promise<string> {
    return (await this.#call('GetDefaultAddressSpaces')).text('LocalDefaultAddressSpace');
  }

  /** @throws FairleadError `internal` when the answer is no pool. */
  async requestPool({ addressSpace, pool, range, options, ipv6 }: PoolRequest): Promise<GivenPool> {
    const body = { AddressSpace: addressSpace, Pool: pool ?? '', SubPool: range ?? '', Options: options, V6: ipv6 };
    const answer = await this.#call('RequestPool', body);
    const given = answer.prefix('Pool');
    if (given === undefined) throw new FairleadError('internal', 'invalid CIDR address: ');
    const gateway = answer.inside('Data').cidr('com.docker.network.gateway');
    return { id: answer.text('PoolID'), pool: given, ...(gateway && { gateway }) };
  }

  async releasePool(id: string): Promise<void> {
    await this.#call('ReleasePool', { PoolID: id });
  }

  /** @throws FairleadError `internal` when the answer is no address. */
  async requestAddress(
    pool: string,
    wanted: IpAddress | undefined,
    purpose: AddressPurpose,
  ): Promise<InterfaceAddress> {
    const { gateway, mac, options } = purpose;
    const all = {
      ...options,
      ...(gateway && { RequestAddressType: 'com.docker.network.gateway' }),
      ...(mac && { 'com.docker.network.endpoint.macaddress': mac }),
    };
    const body = { PoolID: pool, Address: wanted ?? '', Options: Object.keys(all).length > 0 ? all : null };
    const answer = await this.#call('RequestAddress', body);
    const address = answer.cidr('Address');
    if (address === undefined) throw new FairleadError('internal', 'invalid CIDR address: ');
    return address;
  }

  async releaseAddress(pool: string, address: IpAddress): Promise<void> {
    await this.#call('ReleaseAddress', { PoolID: pool, Address: address });
  }

  async #call(method: string, body?: unknown): Promise<Answer> {
    const name = answerTypes[method] ?? `${method}Response`;
    return accepted(await this.#caller.call(`IpamDriver.${method}`, body), 'Error', 'remote: ', { name });
  }
}
