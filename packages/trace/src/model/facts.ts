import type { InterfaceAddress, IpAddress } from '@fairlead/base';
import type { ControlGroupProgram } from '@fairlead/kernel/tracing';
import type { ErrnoName, LinkDetails, NamespaceName, NeighborAnswer } from '@fairlead/netlink';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { RouteAnswer, RuleOutline } from '@fairlead/netlink/tracing';
import type { LegacyDrop } from '../legacy/legacy-drops.ts';
import type { SeenNeighborPacket } from '../packet/carried-packet.ts';

/** What the kernel says about the way of a packet. */
export type RouteFact =
  | { readonly route: RouteAnswer; readonly errno?: undefined }
  | { readonly errno: ErrnoName; readonly route?: undefined };

/** What the rules of policy routing are, seen from an address for which they have found no way. */
export interface RoutingPolicy {
  /** Whether the main table has a way for the address. */
  readonly mainHasWay: boolean;
  /** Whether any rule asks the main table. */
  readonly asksMain: boolean;
  /** Rules that refuse what fits them. */
  readonly refusing: readonly RuleOutline[];
}

/** An address that duplicate address detection keeps from being used. */
export interface UnusableAddress {
  readonly address: IpAddress;
  /** In the words of ip-address(8). */
  readonly state: 'tentative' | 'dadfailed';
}

/** What was asked of one namespace after the packet. */
export interface NamespaceFacts {
  /** Name of the place. */
  readonly place: string;
  readonly inode: number;
  readonly links: readonly LinkDetails[];
  /** By key; absent where the kernel has none of the name. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Where the packet goes from here. */
  readonly onward?: RouteFact;
  /** The entry of the routing table that says so. */
  readonly entry?: RouteAnswer;
  /** Absent where there is a way. */
  readonly policy?: RoutingPolicy;
  /** Where answers to it would go. */
  readonly back?: RouteFact;
  /** Who has the address of the next hop; `none` when nobody was asked. */
  readonly neighbor?: NeighborAnswer | 'none';
  /** Its own addresses; absent when they were not asked for. */
  readonly addresses?: readonly InterfaceAddress[];
  /** Its addresses that may not be used, since somebody else has them or that is not known yet (IPv6). */
  readonly unusable?: readonly UnusableAddress[];
  /** Packets that IPsec's policies have stopped, by the kernel's own counters (/proc/net/xfrm_stat); only those above 0. */
  readonly transformErrors?: Readonly<Record<string, number>>;
  /** Numbers of the queues that programs take packets from (`queue`, `NFQUEUE`). */
  readonly queues?: readonly number[];
  /** Tables of the older iptables, which nftables' trace does not see. */
  readonly legacyTables: readonly string[];
}

/** A question or an answer about a neighbour that was dropped while the packet was under way. */
export interface NeighborDrop extends SeenNeighborPacket {
  /** Nanoseconds. */
  readonly time: bigint;
  /** Name of the place, and of the interface where there is one. */
  readonly place: string;
  readonly device?: string;
  readonly inode: number;
  readonly reason: string;
  readonly function?: string;
  /** Base chains there that see such packets: `arp filter INPUT`. */
  readonly chains: readonly string[];
}

/** The last that was seen of an answer that did not come back. */
export interface AnswerWay {
  readonly place: string;
  readonly inode: number;
  readonly event: 'sent' | 'received' | 'used';
  /** Interface that sent it, or that was to send it on. */
  readonly device: LinkDetails;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly route: RouteFact;
}

/** What was asked about a tunnel. */
export interface TunnelFacts {
  readonly namespace: NamespaceName;
  readonly link: LinkDetails;
  /** Where it leads as far as it is told, or as the packet showed. */
  readonly far?: IpAddress;
  /** Where it is, and the way from there to its far end. */
  readonly way: NamespaceFacts;
}

/** A program that a control group asks for its traffic. */
export interface SuspectProgram extends ControlGroupProgram {
  /** True when it refuses the packet that was dropped, asked about it once more. */
  readonly refuses?: true;
}

/** What was asked of the kernel after the packet. */
export interface Facts {
  /** Where it was sent from. */
  readonly source: NamespaceFacts;
  /** The host, which most packets pass. */
  readonly host?: NamespaceFacts;
  /** Where it was last seen, or dropped. */
  readonly last?: NamespaceFacts;
  /** Where it was to arrive. */
  readonly destination?: NamespaceFacts;
  /** Behind which port of the host the destination's bridge looks for it; `unknown` when it sends everywhere. */
  readonly forwarding?: { readonly mac: string; readonly bridge: string; readonly port: string | 'unknown' };
  /** Where an answer was sent last, and the route that it took there. */
  readonly answerWay?: AnswerWay;
  /** Of the older iptables where it was dropped: what has dropped packets meanwhile; absent when that was not looked at. */
  readonly legacyDrops?: readonly LegacyDrop[];
  /** The tunnel into which it went, when no answer came. */
  readonly tunnel?: TunnelFacts;
  /** Absent where the kernel could not be watched. */
  readonly neighborDrops?: readonly NeighborDrop[];
  /** Programs of control groups that are asked for what the source sends and gets, and for the destination. */
  readonly sourcePrograms?: readonly SuspectProgram[];
  readonly destinationPrograms?: readonly SuspectProgram[];
  /** Sockets there that take packets of the protocol. */
  readonly sockets: readonly SocketDetails[];
}

/** A link of a namespace by its name. */
export function linkNamed(facts: NamespaceFacts | undefined, name: string | undefined): LinkDetails | undefined {
  return name === undefined ? undefined : facts?.links.find((link) => link.name === name);
}

/** The other end of a cable between two namespaces. */
export function otherEnd(
  link: LinkDetails,
  places: readonly (NamespaceFacts | undefined)[],
): { readonly place: string; readonly link: LinkDetails } | undefined {
  for (const facts of places) {
    const end = facts?.links.find(
      ({ kind, index, parentIndex }) => kind === 'veth' && index === link.parentIndex && parentIndex === link.index,
    );
    if (facts !== undefined && end !== undefined) return { place: facts.place, link: end };
  }
  return undefined;
}

/** A link of a namespace by its index. */
export function linkNumbered(facts: NamespaceFacts | undefined, index: number | undefined): LinkDetails | undefined {
  return index === undefined ? undefined : facts?.links.find((link) => link.index === index);
}

/** The kind of route that refuses a packet, from what the kernel says instead of a way. */
export function refusalOf({ route, errno }: RouteFact): 'blackhole' | 'prohibit' | 'unreachable' | undefined {
  if (errno === 'EINVAL' || route?.type === 'blackhole') return 'blackhole';
  if (errno === 'EACCES' || route?.type === 'prohibit') return 'prohibit';
  return errno === 'EHOSTUNREACH' ? 'unreachable' : undefined;
}
