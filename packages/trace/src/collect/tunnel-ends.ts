import { addressOf, type IpAddress } from '@fairlead/base';
import type { OpenNamespace } from '@fairlead/kernel';
import {
  decodeAddress,
  decodeFdb,
  dumpAddressesMessage,
  dumpFdbMessage,
  type LinkDetails,
  type NamespaceName,
} from '@fairlead/netlink';
import { isTunnel, tunnelDetails } from '@fairlead/netlink/tracing';
import type { Directory } from '../model/directory.ts';
import type { Namespaces } from './namespaces.ts';

/** Namespaces that are asked whether a tunnel ends there; each costs a third of a millisecond. */
const ASKED = 16;

/** Where the tunnels of a namespace lead, as far as they are told. */
export function farEndsOf(namespace: OpenNamespace): IpAddress[] {
  const links = namespace.links();
  const tunnels = links.filter(({ kind }) => isTunnel(kind));
  const told = tunnels.flatMap((link) => tunnelDetails(link)?.remote ?? []);
  return [...told, ...(tunnels.some(({ kind }) => kind === 'vxlan') ? forwardedTo(namespace, links) : [])];
}

/** Far ends that a forwarding table names, of one hardware address or of all. */
export function forwardedTo(namespace: OpenNamespace, links: readonly LinkDetails[], mac?: string): IpAddress[] {
  const names = { linkName: (index: number) => links.find((link) => link.index === index)?.name };
  return namespace.route
    .execute('list forwarding entries', dumpFdbMessage())
    .flatMap((message) => decodeFdb(message, namespace.name, names) ?? [])
    .flatMap((entry) => (mac === undefined || entry.mac === mac ? (entry.destination ?? []) : []));
}

/** Namespaces of this machine, none of a container, that have one of the addresses. */
export function namespacesWith(
  addresses: readonly IpAddress[],
  candidates: readonly NamespaceName[],
  namespaces: Namespaces,
): NamespaceName[] {
  if (addresses.length === 0) return [];
  return candidates.slice(0, ASKED).filter((name) => {
    const own = ownAddresses(namespaces.get(name));
    return addresses.some((address) => own.has(address));
  });
}

/** Namespaces that are neither the host's nor a container's. */
export function otherNamespaces(all: Iterable<NamespaceName>, { containers }: Directory): NamespaceName[] {
  const taken = new Set(['', ...containers.flatMap(({ namespace }) => namespace ?? [])]);
  return [...all].filter((name) => !taken.has(name));
}

function ownAddresses(namespace: OpenNamespace): Set<IpAddress> {
  const names = { linkName: (index: number) => `${index}` };
  const found = namespace.route.execute('list addresses', dumpAddressesMessage()).flatMap((message) => {
    const address = decodeAddress(message, namespace.name, names)?.address;
    return address === undefined ? [] : [addressOf(address)];
  });
  return new Set(found);
}
