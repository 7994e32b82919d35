import type { IdentityMapping, InterfaceAddress, IpAddress, MacAddress, Prefix } from '@fairlead/base';
import type { TableDefinition } from '../nftables/definition.ts';

/**
 * The name of a network namespace pinned under `/run/netns`; the empty string is the host's, the one the engine runs in.
 */
export type NamespaceName = string;

/** A pinned network namespace with its loopback interface up. */
export interface NamespaceObject {
  readonly kind: 'namespace';
  readonly namespace: NamespaceName;
  /**
   * It belongs to a user namespace of its own, in which users and groups are these; absent means the host's. The owner of a
   * namespace never changes, so one that is there is not compared by it.
   */
  readonly owner?: IdentityMapping;
}

/** A network interface. */
export interface LinkObject {
  readonly kind: 'link';
  readonly namespace: NamespaceName;
  readonly name: string;
  readonly type: LinkType;
  readonly up: boolean;
  /** Hardware address; always set on links that we make (a floating bridge MAC cuts containers off from their gateway). */
  readonly mac?: MacAddress;
  /** Bytes; absent means the kernel's default. */
  readonly mtu?: number;
  /** Name of the bridge, in the same namespace, that this link is a port of. */
  readonly master?: string;
  /** Number of the group that the link is in (IFLA_GROUP); absent means 0, in which all are at first. */
  readonly group?: number;
  /** How the bridge treats this port; absent means the kernel's defaults. */
  readonly port?: BridgePort;
  /** IFLA_IFALIAS: `fairlead <owner>`; says whose the link is after a crash. */
  readonly alias?: string;
  /**
   * Where the parent of a macvlan, ipvlan or VLAN, or the underlay of a VXLAN is, when not in the link's own namespace;
   * where a link that is moved comes from.
   */
  readonly madeIn?: NamespaceName;
}

/** Settings of a link as a port of its bridge. */
export interface BridgePort {
  /**
   * What came in by this port may leave by it: a container reaches its own published port, also where the host passes
   * bridged packets through its firewall (br_netfilter).
   */
  readonly hairpin?: boolean;
  /** Isolated ports do not talk to each other. */
  readonly isolated?: boolean;
}

/** What a link is made of; `kind` is the kernel's IFLA_INFO_KIND. */
export type LinkType =
  | VethType
  | { readonly kind: 'bridge' }
  | { readonly kind: 'macvlan'; readonly parent: string; readonly mode: 'private' | 'vepa' | 'bridge' | 'passthru' }
  | {
      readonly kind: 'ipvlan';
      readonly parent: string;
      readonly mode: 'l2' | 'l3' | 'l3s';
      readonly flag: 'bridge' | 'private' | 'vepa';
    }
  | { readonly kind: 'vlan'; readonly parent: string; readonly id: number }
  | {
      readonly kind: 'vxlan';
      readonly id: number;
      readonly local?: IpAddress;
      readonly port: number;
      readonly learning: boolean;
    }
  | { readonly kind: 'dummy' }
  | MovedType
  /** Observed only: loopback, physical and other links that we never make. */
  | { readonly kind: 'other'; readonly name: string };

/**
 * One end of a veth pair. The end with a `peer` makes both; the end without was made by the other one and is only
 * brought into shape (name, MAC, MTU, up) and never removed on its own.
 */
export interface VethType {
  readonly kind: 'veth';
  readonly peer?: {
    readonly namespace: NamespaceName;
    readonly name: string;
    readonly mac?: MacAddress;
    readonly mtu?: number;
  };
}

/**
 * A link of any kind that somebody else made in the namespace `madeIn`, and that is in another one while we want it
 * there. To add it is to move and rename it, to remove it is to move it back under the name that it had.
 */
export interface MovedType {
  readonly kind: 'moved';
  /** Its name where it was made. */
  readonly source: string;
}

/** An address on a link. */
export interface AddressObject {
  readonly kind: 'address';
  readonly namespace: NamespaceName;
  readonly link: string;
  readonly address: InterfaceAddress;
}

/** A route in the main table unless `table` says otherwise. */
export interface RouteObject {
  readonly kind: 'route';
  readonly namespace: NamespaceName;
  /** `0.0.0.0/0` and `::/0` are the default routes. */
  readonly destination: Prefix;
  readonly via?: IpAddress;
  /** Outgoing link; absent only for the types without one. */
  readonly link?: string;
  /** `throw` ends the search in its table: the next rule decides. */
  readonly type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw';
  readonly table?: number;
  readonly metric?: number;
  /** Bytes of the largest packet on this way (RTAX_MTU); absent means the link's. */
  readonly mtu?: number;
  /** Preferred source address. */
  readonly source?: IpAddress;
  /** `link` for on-link destinations; absent means global. */
  readonly scope?: 'link' | 'host';
  /** rtm_protocol; absent means `static` (4) for what we make. */
  readonly protocol?: number;
}

/** A policy-routing rule. */
export interface RuleObject {
  readonly kind: 'rule';
  readonly namespace: NamespaceName;
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly incoming?: string;
  readonly outgoing?: string;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** For the packets that the rest of it is not about (`not`). */
  readonly inverted?: true;
  /** Routes whose prefixes are no longer than this do not count (`suppress_prefixlength`). */
  readonly suppress?: number;
  /** For packets of some users, protocols, ports or classes only; which, is not known. */
  readonly narrowed?: true;
}

/** A permanent neighbour (ARP or ND) entry. */
export interface NeighborObject {
  readonly kind: 'neighbor';
  readonly namespace: NamespaceName;
  readonly link: string;
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/** A static forwarding-database entry of a bridge port or a VXLAN link. */
export interface FdbObject {
  readonly kind: 'fdb';
  readonly namespace: NamespaceName;
  readonly link: string;
  readonly mac: MacAddress;
  /** VTEP address, for VXLAN links. */
  readonly destination?: IpAddress;
  readonly vlan?: number;
  /** `self` is the link's own table, `master` the bridge's. */
  readonly on: 'self' | 'master';
  /** It stays with its port whoever sends under its address, in the place of what the bridge has learnt. */
  readonly sticky?: true;
}

/** How fast a link may send: a token bucket (TBF) as its root queueing discipline, in the place of none. */
export interface QdiscObject {
  readonly kind: 'qdisc';
  readonly namespace: NamespaceName;
  readonly link: string;
  /** Bytes in a second, less than 2^32. Bucket and queue follow from it, see `tokenBucket`. */
  readonly rate: number;
}

/** A value under `/proc/sys`, key in dotted form; a dot inside an interface name is written as a slash, as sysctl(8) does. */
export interface SysctlObject {
  readonly kind: 'sysctl';
  readonly namespace: NamespaceName;
  readonly key: string;
  readonly value: string;
}

/** A whole nftables table: chains, rules, sets; its contents are replaced together when the definition changes. */
export interface TableObject {
  readonly kind: 'table';
  readonly namespace: NamespaceName;
  readonly definition: TableDefinition;
}

/** One element of a set or map of one of our tables, fields in nft's own text: `['tcp', '8080']`, `['172.17.0.2', '80']`. */
export interface ElementObject {
  readonly kind: 'element';
  readonly namespace: NamespaceName;
  /** Of the table; absent means inet. */
  readonly family?: 'bridge' | 'ip6';
  /** Name of the table; no two of ours have the same, whatever their families. */
  readonly table: string;
  readonly set: string;
  /** One text for each field of the key; an interval is `first-last`. */
  readonly key: readonly string[];
  /** One text for each field of the data; absent for sets. */
  readonly value?: readonly string[];
}

/** One thing in the kernel that Fairlead can ask for, as plain data. */
export type KernelObject =
  | NamespaceObject
  | LinkObject
  | AddressObject
  | RouteObject
  | RuleObject
  | NeighborObject
  | FdbObject
  | QdiscObject
  | SysctlObject
  | TableObject
  | ElementObject;

/** A step from what is to what shall be. */
export type Change =
  | { readonly action: 'add'; readonly object: KernelObject }
  /** Same identity, other properties. */
  | { readonly action: 'change'; readonly object: KernelObject; readonly previous: KernelObject }
  | {
      readonly action: 'remove';
      readonly object: KernelObject;
      /** What goes with it that was ours, so that it is known when it is to come back. */
      readonly alongside?: readonly KernelObject[];
    };

/** What makes two objects the same thing, whatever their other properties. */
export function identityOf(object: KernelObject): string {
  const place = `${object.namespace}|${object.kind}`;
  switch (object.kind) {
    case 'namespace':
      return place;
    case 'link':
      return `${place}|${object.name}`;
    case 'address':
      return `${place}|${object.link}|${object.address}`;
    case 'route':
      return `${place}|${object.table ?? 254}|${object.destination}|${object.metric ?? 0}`;
    case 'rule':
      return `${place}|${object.family}|${object.priority}|${object.table}`;
    case 'neighbor':
      return `${place}|${object.link}|${object.address}`;
    case 'fdb':
      return `${place}|${object.link}|${object.mac}|${object.destination ?? ''}|${object.vlan ?? 0}|${object.on}`;
    case 'qdisc':
      return `${place}|${object.link}`;
    case 'sysctl':
      return `${place}|${object.key}`;
    case 'table':
      return `${place}|${object.definition.name}`;
    case 'element':
      return `${place}|${object.table}|${object.set}|${object.key.join(' . ')}`;
    default:
      return object satisfies never;
  }
}
