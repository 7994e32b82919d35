import {
  familyOf,
  type InterfaceAddress,
  interfaceAddress,
  parseInterfaceAddress,
  tryParseIpAddress,
} from '@fairlead/base';
import { lanAddresses } from '../lan/lan-fragment.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Endpoint, Network } from '../model.ts';
import { subnetOf } from '../route/gateway.ts';

/** Addresses of an endpoint with the lengths of their subnets. */
export function endpointAddresses(endpoint: Endpoint, network: Network): InterfaceAddress[] {
  if (endpoint.remote?.given !== undefined) return [...endpoint.remote.given];
  if (isLan(network)) return lanAddresses(endpoint);
  return [endpoint.ipv4, endpoint.ipv6].flatMap((address) => {
    if (address === undefined) return [];
    const config = subnetOf(network, address);
    return config === undefined ? [] : [interfaceAddress(address, config.subnet)];
  });
}

/** Additional addresses that were asked for by value, with the length of the link-local networks (RFC 3927, RFC 4291). */
export function linkLocalAddresses({ config }: Endpoint): InterfaceAddress[] {
  return (config.linkLocalAddresses ?? []).flatMap((text) => {
    const address = tryParseIpAddress(text);
    return address === undefined ? [] : [parseInterfaceAddress(`${address}/${familyOf(address) === 4 ? 16 : 64}`)];
  });
}
