import type { ErrnoName, LinkDetails, NeighborAnswer, RouteAnswer, SocketDetails } from '@fairlead/netlink';

/** What the kernel says about the way of a packet. */
export type RouteFact =
  | { readonly route: RouteAnswer; readonly errno?: undefined }
  | { readonly errno: ErrnoName; readonly route?: undefined };

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
  /** Where answers to it would go. */
  readonly back?: RouteFact;
  /** Who has the address of the next hop; `none` when nobody was asked. */
  readonly neighbor?: NeighborAnswer | 'none';
  /** Tables of the older iptables, which nftables' trace does not see. */
  readonly legacyTables: readonly string[];
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
  /** Sockets there that take packets of the protocol. */
  readonly sockets: readonly SocketDetails[];
}

/** A link of a namespace by its name. */
export function linkNamed(facts: NamespaceFacts | undefined, name: string | undefined): LinkDetails | undefined {
  return name === undefined ? undefined : facts?.links.find((link) => link.name === name);
}

/** A link of a namespace by its index. */
export function linkNumbered(facts: NamespaceFacts | undefined, index: number | undefined): LinkDetails | undefined {
  return index === undefined ? undefined : facts?.links.find((link) => link.index === index);
}
