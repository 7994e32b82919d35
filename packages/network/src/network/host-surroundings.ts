import {
  addressOf,
  familyBits,
  familyOf,
  networkOf,
  type Prefix,
  prefixFamily,
  prefixOf,
  tryParseIpAddress,
} from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import { type SubnetSource, swarmSubnetSources } from '@fairlead/ipam';
import type { KernelPort } from '../kernel-port.ts';
import { parseResolvConf } from '../name/resolv-conf.ts';
import type { NetworkSettings } from '../settings.ts';
import type { NetworkState } from '../state.ts';
import type { IpamRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';

/** What is looked at to know what of the host a new network has to respect. */
export interface HostContext {
  readonly state: Pick<NetworkState, 'networks'>;
  readonly kernel: KernelPort;
  readonly settings: NetworkSettings;
}

/**
 * What a new network has to respect.
 *
 * @param leftovers links of a former run, which are about to go away with what is on them.
 */
export function hostSurroundings(
  { state, kernel, settings }: HostContext,
  leftovers: ReadonlySet<string> = new Set(),
): NetworkSurroundings {
  return {
    networks: state.networks,
    sources: settings.sources,
    ...(settings.inSwarm?.() && { swarmSources: swarmSources(settings) }),
    mtu: settings.mtu,
    reserved: () => [...hostRoutes(kernel, leftovers), ...nameServers(settings)],
    foreignLink: (name) => foreignLink(kernel, name),
    hasLink: (name) => kernel.observe('', ['link']).some((link) => link.kind === 'link' && link.name === name),
    makes: (kind) => kernel.supports(`${kind} links`),
  };
}

/** IPv6 comes from where other networks have it, unless the swarm has its own. */
function swarmSources({ swarmSources, sources }: NetworkSettings): readonly SubnetSource[] {
  return [...(swarmSources?.() ?? swarmSubnetSources), ...sources.filter(({ base }) => prefixFamily(base) === 6)];
}

/** What a link of the host is that is none of ours; `undefined` when there is none of that name. */
export function foreignLink(kernel: KernelPort, name: string): 'bridge' | 'other' | undefined {
  const links = kernel.observe('', ['link']);
  const link = links.find((object) => object.kind === 'link' && object.name === name && !isOwnAlias(object.alias));
  if (link?.kind !== 'link') return undefined;
  return link.type.kind === 'bridge' ? 'bridge' : 'other';
}

/** Names of the host's links that are ours alone. */
export function ownLinks({ kernel, settings }: Pick<HostContext, 'kernel' | 'settings'>): ReadonlySet<string> {
  const links = kernel.observe('', ['link']).filter((link) => link.kind === 'link' && isOwnAlias(link.alias));
  const names = links.flatMap((link) => (link.kind === 'link' ? [link.name] : []));
  return new Set(names.filter((name) => settings.isShared?.(name) !== true));
}

/** What somebody else's bridge is to be a network of: the networks of the addresses that it has, one of each family. */
export function subnetsOfForeign(kernel: KernelPort, bridge: string): IpamRequest[] {
  if (foreignLink(kernel, bridge) !== 'bridge') return [];
  const addresses = kernel.observe('', ['address']).flatMap((object) => {
    const global = object.kind === 'address' && object.link === bridge && !object.address.startsWith('fe80:');
    return global ? [object.address] : [];
  });
  const first = ([4, 6] as const).flatMap((family) => addresses.find((item) => prefixFamily(item) === family) ?? []);
  return first.map((address) => ({ subnet: networkOf(address), gateway: addressOf(address) }));
}

function hostRoutes(kernel: KernelPort, leftovers: ReadonlySet<string>): Prefix[] {
  return kernel.observe('', ['route']).flatMap((route) => {
    // A default route overlaps everything, and one that throws leaves the packets to other tables.
    if (route.kind !== 'route' || route.destination.endsWith('/0') || route.type === 'throw') return [];
    return route.link !== undefined && leftovers.has(route.link) ? [] : [route.destination];
  });
}

function nameServers(settings: NetworkSettings): Prefix[] {
  return parseResolvConf(settings.hostResolvConf()).servers.flatMap((server) => {
    const address = tryParseIpAddress(server);
    return address === undefined ? [] : [prefixOf(address, familyBits(familyOf(address)))];
  });
}
