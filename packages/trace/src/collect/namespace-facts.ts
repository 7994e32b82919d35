import { readFileSync } from 'node:fs';
import { addressOf, type MacAddress } from '@fairlead/base';
import { errnoOf, type OpenNamespace, readSysctlHere } from '@fairlead/kernel';
import {
  addressState,
  decodeAddress,
  decodeNeighborAnswer,
  dumpAddressesMessage,
  getForwardingMessage,
  getNeighborMessage,
  type LinkDetails,
  type NeighborAnswer,
} from '@fairlead/netlink';
import { decodeRouteAnswer, getRouteMessage, type RouteQuery } from '@fairlead/netlink/tracing';
import type { NamespaceFacts, RouteFact } from '../model/facts.ts';
import type { PacketHeader } from '../packet/packet-header.ts';
import { askRoutingPolicy } from './routing-policy.ts';

/** Sysctls that decide about packets, for a device `*`. */
const keys4 = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.*.rp_filter',
  'net.ipv4.conf.*.forwarding',
  'net.ipv4.conf.*.arp_ignore',
  'net.ipv4.conf.*.arp_filter',
  'net.ipv4.neigh.*.mcast_solicit',
];
const keys6 = [
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.*.forwarding',
  'net.ipv6.conf.*.disable_ipv6',
  'net.ipv6.neigh.*.mcast_solicit',
];
const keysOfBoth = [
  'net.ipv4.icmp_echo_ignore_all',
  'net.ipv6.icmp.echo_ignore_all',
  'net.ipv4.conf.all.arp_ignore',
  'net.ipv4.conf.all.arp_filter',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_max',
];

/** What to ask a namespace. */
export interface NamespaceQuestion {
  readonly place: string;
  readonly inode: number;
  /** As it was last seen there; absent when only the place as such is of interest. */
  readonly packet?: Pick<PacketHeader, 'family' | 'source' | 'destination'>;
  /** Interface that it came in by; absent for one that was sent from there. */
  readonly incoming?: string;
  /** Interface whose own settings are of interest; default: the one that it came in by. */
  readonly device?: string;
  /** Mark that rules have put on it. */
  readonly mark?: number;
}

/** Ask a namespace everything that may explain what became of a packet. Takes about a millisecond. */
export function askNamespace(namespace: OpenNamespace, question: NamespaceQuestion): NamespaceFacts {
  const { place, inode, packet, incoming, mark } = question;
  const links = namespace.links();
  const device = bridgeOrSelf(links, incoming);
  const keys = [...(packet?.family === 6 ? keys6 : keys4), ...keysOfBoth];
  const settings = namespace.enter(() => ({
    sysctls: readSysctls(keys, device?.name ?? question.device),
    legacyTables: readLegacyTables(packet?.family ?? 4),
    transformErrors: readTransformErrors(),
    queues: readPacketQueues(),
  }));
  const base = { place, inode, links, ...addressesIn(namespace), ...settings };
  if (packet === undefined) return base;
  const { source, destination } = packet;
  const onward = askRoute(namespace, {
    destination,
    ...(device !== undefined && { source, incoming: device.index }),
    ...(mark !== undefined && mark !== 0 && { mark }),
  });
  const back = askRoute(namespace, { destination: source });
  const neighbor = onward.route && askNeighbor(namespace, onward.route, destination);
  const { route: entry } = askRoute(namespace, { destination, entry: true });
  const hasWay = onward.route?.type === 'unicast' || onward.route?.type === 'local';
  return {
    ...base,
    onward,
    back,
    ...(entry && { entry }),
    ...(!hasWay && { policy: askRoutingPolicy(namespace, destination) }),
    ...(neighbor && { neighbor }),
  };
}

/** A packet that comes in by a port of a bridge is routed as if the bridge had brought it. */
function bridgeOrSelf(links: readonly LinkDetails[], name: string | undefined): LinkDetails | undefined {
  const link = name === undefined ? undefined : links.find((candidate) => candidate.name === name);
  return links.find(({ index }) => index === link?.masterIndex) ?? link;
}

function addressesIn(namespace: OpenNamespace): Required<Pick<NamespaceFacts, 'addresses' | 'unusable'>> {
  const names = { linkName: (index: number) => `${index}` };
  const found = namespace.route.execute('list addresses', dumpAddressesMessage()).flatMap((message) => {
    const address = decodeAddress(message, namespace.name, names)?.address;
    return address === undefined ? [] : [{ address, state: addressState(message) }];
  });
  return {
    addresses: found.map(({ address }) => address),
    unusable: found.flatMap(({ address, state }) =>
      state === 'usable' ? [] : [{ address: addressOf(address), state }],
    ),
  };
}

/** The port behind which a bridge looks for an address. */
export function askForwarding(
  namespace: OpenNamespace,
  bridge: LinkDetails,
  mac: MacAddress,
  links: readonly LinkDetails[],
): string | 'unknown' {
  try {
    const [answer] = namespace.route.execute('find forwarding entry', getForwardingMessage(bridge.index, mac));
    const index = answer === undefined ? undefined : decodeNeighborAnswer(answer).index;
    return links.find((link) => link.index === index)?.name ?? 'unknown';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 'unknown';
  }
}

/** What the kernel would do with a packet, or the error that it would meet. */
export function askRoute(namespace: OpenNamespace, query: RouteQuery): RouteFact {
  try {
    const [answer] = namespace.route.execute('find route', getRouteMessage(query));
    return answer === undefined ? { errno: 'ENETUNREACH' } : { route: decodeRouteAnswer(answer) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { errno };
  }
}

/** The time to live that a namespace gives its packets (ip-sysctl.rst): of IPv6 each interface has its own. */
export function askLifetime(namespace: OpenNamespace, family: 4 | 6, outgoing: number | undefined): number | undefined {
  const device = namespace
    .links()
    .find(({ index }) => index === outgoing)
    ?.name.replaceAll('.', '/');
  const key = family === 4 ? 'net.ipv4.ip_default_ttl' : `net.ipv6.conf.${device ?? 'all'}.hop_limit`;
  const value = Number(namespace.enter(() => readSysctlHere(key)));
  return value >= 1 && value <= 255 ? value : undefined;
}

function askNeighbor(
  namespace: OpenNamespace,
  { type, outgoing, gateway }: NonNullable<RouteFact['route']>,
  destination: PacketHeader['destination'],
): NeighborAnswer | 'none' | undefined {
  if (type !== 'unicast' || outgoing === undefined) return undefined;
  try {
    const [answer] = namespace.route.execute('find neighbour', getNeighborMessage(outgoing, gateway ?? destination));
    return answer === undefined ? 'none' : decodeNeighborAnswer(answer);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 'none';
  }
}

function readSysctls(keys: readonly string[], device: string | undefined): Record<string, string> {
  const values: Record<string, string> = {};
  for (const pattern of keys) {
    if (pattern.includes('*') && device === undefined) continue;
    const key = pattern.replace('*', (device ?? '').replaceAll('.', '/'));
    const value = readSysctlHere(key);
    if (value !== undefined) values[key] = value;
  }
  return values;
}

/** Counters of IPsec (Documentation/networking/xfrm/xfrm_proc.rst); none on a kernel that does not count. */
function readTransformErrors(): Record<string, number> {
  try {
    const lines = readFileSync('/proc/thread-self/net/xfrm_stat', 'utf8').trim().split('\n');
    const counters = lines.map((line) => line.split(/\s+/)).map(([name = '', count]) => [name, Number(count)] as const);
    return Object.fromEntries(counters.filter(([, count]) => count > 0));
  } catch {
    return {};
  }
}

/** Queues that a program has bound (net/netfilter/nfnetlink_queue.c); none on a kernel that has no queues. */
function readPacketQueues(): number[] {
  try {
    const lines = readFileSync('/proc/thread-self/net/netfilter/nfnetlink_queue', 'utf8').split('\n');
    return lines.filter(Boolean).map((line) => Number(line.trim().split(/\s+/)[0]));
  } catch {
    return [];
  }
}

/** Which tables there are is told to the thread that asks, in the namespace that it is in. */
function readLegacyTables(family: 4 | 6): string[] {
  try {
    const path = `/proc/thread-self/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`;
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
