import {
  FairleadError,
  type IpAddress,
  parseGoBoolean,
  prefixContains,
  shortIdentifier,
  tryParseIpAddress,
} from '@fairlead/base';
import type { HostLink } from '@fairlead/drivers';
import { randomMac } from '../address/hardware-address.ts';
import type { EndpointConfig, Network, ParentSettings } from '../model.ts';
import { type Options, unreadable } from '../network-option.ts';
import type { NetworkState } from '../state.ts';

/** Option of macvlan and ipvlan networks: the host is on the network as well, to talk with its containers. */
export const HOST_ACCESS = 'com.fairlead.host-access';

/** Who has the host's addresses on a network; no container can be called so. */
const HOST = '(host)';

/**
 * What the option says: the addresses that the host is to have, of which none is any; absent where it is to stay away.
 *
 * @throws FairleadError `invalid-argument`.
 */
function hostAccessOption(options: Options): readonly IpAddress[] | undefined {
  const text = options[HOST_ACCESS] ?? '';
  const wanted = text === '' ? false : parseGoBoolean(text);
  if (wanted !== undefined) return wanted ? [] : undefined;
  return text.split(',').map((part) => {
    const address = tryParseIpAddress(part.trim());
    if (address === undefined) throw unreadable(HOST_ACCESS, text, 'expected true, false, or addresses of the network');
    return address;
  });
}

/**
 * The host's link on a network that is to have one, without addresses that have not been given.
 *
 * @throws FairleadError `invalid-argument` where no such link would reach the containers.
 */
export function hostLink(
  network: Pick<Network, 'id' | 'name' | 'options' | 'subnets'>,
  { type }: ParentSettings,
): HostLink | undefined {
  const addresses = hostAccessOption(network.options);
  if (addresses === undefined) return undefined;
  const { id, name, subnets } = network;
  const refuse = (reason: string) =>
    new FairleadError('invalid-argument', `${HOST_ACCESS} cannot be had on network ${name}: ${reason}`);
  const passes = type.kind === 'macvlan' ? type.mode === 'bridge' : type.mode === 'l2' && type.flag === 'bridge';
  if (!passes) throw refuse(`in mode ${type.mode} links on one parent do not reach each other`);
  if (subnets.length === 0) throw refuse('it has no addresses to give');
  for (const address of addresses) {
    if (!subnets.some(({ subnet }) => prefixContains(subnet, address))) throw refuse(`no subnet contains ${address}`);
  }
  return { name: `hl-${shortIdentifier(id)}`, addresses, ...(type.kind === 'macvlan' && { mac: randomMac() }) };
}

/**
 * A network on which the host has addresses, and keeps them for as long as the network is there.
 *
 * @throws FairleadError as for a container.
 */
export function withHostAddresses(network: Network, { addresses, networks }: NetworkState): Network {
  const { parent, name, pools } = network;
  if (parent?.host === undefined) return network;
  if (pools !== undefined) {
    const reason = 'its addresses are given by a plugin';
    throw new FairleadError('invalid-argument', `${HOST_ACCESS} cannot be had on network ${name}: ${reason}`);
  }
  const given = (family: 4 | 6) => parent.host?.addresses.find((address) => address.includes(':') === (family === 6));
  const [ipv4Address, ipv6Address] = [given(4), given(6)];
  const config: EndpointConfig = { ...(ipv4Address && { ipv4Address }), ...(ipv6Address && { ipv6Address }) };
  const { ipv4, ipv6 } = addresses.lease(network, HOST, config);
  const host = { ...parent.host, addresses: [ipv4, ipv6].filter((address) => address !== undefined) };
  return networks.put({ ...network, parent: { ...parent, host } });
}
