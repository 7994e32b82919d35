import { addressOf, FairleadError, type IpAddress, linkLocalAddress } from '@fairlead/base';
import { segmentNames } from '@fairlead/drivers';
import { antispoofElements } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import { endpointAddresses, linkLocalAddresses } from '../address/endpoint-addresses.ts';
import { isLan } from '../lan/lan-network.ts';
import type { EndpointConfig, Network } from '../model.ts';
import { booleanOption, type Options } from '../network-option.ts';
import type { Joined } from '../route/gateway.ts';

/** Option of endpoints, and of networks for all endpoints that do not say otherwise. */
const KEY = 'com.fairlead.antispoof';

/**
 * Whether containers are held to their own addresses, as far as options say.
 *
 * @throws FairleadError `invalid-argument` for a text that is neither true nor false.
 */
export function antispoofOption(options: Options): boolean | undefined {
  return booleanOption(options, KEY);
}

/**
 * Only a bridge of the host sees what containers send before anybody else does.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function requireGuardable(network: Network, config: EndpointConfig): void {
  const { driver, name, bridge, parent } = network;
  if (!isWanted(network, config) || (bridge !== undefined && !isLan(network))) return;
  if (isLan(network)) {
    throw new FairleadError('invalid-argument', `${KEY} cannot be had on network ${name}: its addresses are the LAN's`);
  }
  const reason = parent === undefined ? 'is not made of a bridge' : 'send past every bridge of the host';
  const subject = parent === undefined ? `a ${driver} network` : `containers on a ${driver} network`;
  throw new FairleadError('invalid-argument', `${KEY} cannot be had on network ${name}: ${subject} ${reason}`);
}

/** True for an endpoint that is held to the addresses of its container. */
export function isGuarded({ network, endpoint }: Joined): boolean {
  return network.bridge !== undefined && isWanted(network, endpoint.config);
}

function isWanted({ options }: Pick<Network, 'options'>, { driverOptions = {} }: EndpointConfig): boolean {
  return antispoofOption(driverOptions) ?? antispoofOption(options) ?? false;
}

/**
 * What holds a sandbox to its own addresses, without the table that all of them share. By each guarded port it may send
 * from every address that it has; and what is for it goes to that port, whatever others send under its hardware address.
 */
export function antispoofFragment(joined: readonly Joined[]): KernelObject[] {
  const addresses = joined.flatMap(ownAddresses);
  return joined.filter(isGuarded).flatMap((item): KernelObject[] => {
    const { hostInterface: port, mac, interface: link } = item.endpoint;
    if (port === undefined || mac === undefined || link === undefined) return [];
    const automatic = hasIpv6(item) ? [linkLocalAddress(mac)] : [];
    return [
      ...antispoofElements({ interface: port, mac, addresses: [...addresses, ...automatic] }),
      ...[port, ...trunksTo(item)].map((link): KernelObject => {
        return { kind: 'fdb', namespace: '', link, mac, on: 'master', sticky: true };
      }),
    ];
  });
}

/** The port of the first bridge behind which an endpoint is that is on a further one. */
function trunksTo({ endpoint: { segment }, network: { id } }: Joined): string[] {
  return segment === undefined ? [] : [segmentNames({ id, number: segment }).trunk];
}

function ownAddresses({ endpoint, network }: Joined): IpAddress[] {
  return [...endpointAddresses(endpoint, network), ...linkLocalAddresses(endpoint)].map(addressOf);
}

function hasIpv6(item: Joined): boolean {
  return ownAddresses(item).some((address) => address.includes(':'));
}
