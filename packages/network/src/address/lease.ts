import { type IpAddress, parseMacAddress, tryParseIpAddress } from '@fairlead/base';
import { isLan } from '../lan/lan-network.ts';
import type { EndpointConfig, Lease, Network } from '../model.ts';
import { macOf } from './hardware-address.ts';

/** The addresses of a lease, whoever has chosen them. */
export type Given = Pick<Lease, 'ipv4' | 'ipv6' | 'mac' | 'lan'>;

/** Identity of a lease: one for each container and network. */
export function leaseId(network: string, owner: string): string {
  return `${network}/${owner}`;
}

/** A lease of what was given. @throws FairleadError `invalid-argument` for a hardware address that cannot be read. */
export function leaseOf(
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

/** A lease serves as long as it has every address that is asked for by value. */
export function fits(lease: Lease, config: EndpointConfig): boolean {
  const same = (wanted: string | undefined, has: IpAddress | undefined) => !wanted || tryParseIpAddress(wanted) === has;
  const sameMac = !config.macAddress || parseMacAddress(config.macAddress) === lease.mac;
  return same(config.ipv4Address, lease.ipv4) && same(config.ipv6Address, lease.ipv6) && sameMac;
}

/** A network that has got another IP version since has an address more for everybody. */
export function isWhole({ ipv4, ipv6 }: Lease, network: Network): boolean {
  if (!hasOwnPools(network)) return true;
  return (ipv4 !== undefined) === network.ipv4 && (ipv6 !== undefined) === network.ipv6;
}

/** True when we choose the addresses of a network, or a plugin does; false when its LAN does, or nobody. */
export function hasOwnPools(network: Network): boolean {
  return network.ipamDriver !== 'null' && !isLan(network);
}
