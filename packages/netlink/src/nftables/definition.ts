/**
 * An nftables table as data: the blueprint that is printed as nft text, compiled to nfnetlink messages and decompiled
 * from them again. Only forms that `nft list ruleset` can print are offered.
 */

/** Address family of a table; `netdev` is for what comes in by one interface, of whatever protocol. */
export type TableFamily = 'inet' | 'ip' | 'ip6' | 'bridge' | 'netdev';

/**
 * Data types of set keys and map values, in nft's names. `@th,64,128` is what neighbour discovery is about, an IPv6 address
 * eight bytes into ICMPv6 (RFC 4861, section 4.3): nft 1.0.6 knows no name for that field, and sets of it by `typeof` only.
 * So it is with the slot that a connection has drawn, which is written as what draws it.
 */
export type FieldType =
  | 'ipv4_addr'
  | 'ipv6_addr'
  | 'inet_proto'
  | 'inet_service'
  | 'ifname'
  | 'mark'
  | 'ether_addr'
  | '@th,64,128'
  | 'meta random';

/** A named set, or a map when it has a `value`. */
export interface SetDefinition {
  readonly name: string;
  /** Fields of the key; more than one make a concatenation. */
  readonly key: readonly FieldType[];
  /** Fields of the data of a map. */
  readonly value?: readonly FieldType[];
  /** Keys may be intervals (`flags interval`). */
  readonly interval?: boolean;
  /** Shown by `nft list`. */
  readonly comment?: string;
}

/** Something a rule can look at; several make a concatenation. */
export type Selector =
  | 'iifname'
  | 'oifname'
  /** Index of the incoming interface; only `0`, which is none, means the same on every host. */
  | 'iif'
  /** Number of the link group of the incoming interface. */
  | 'iifgroup'
  | 'oifgroup'
  /** What kind of link it is (IFLA_INFO_KIND); those that are of none, as hardware is, do not match, nor is it unequal. */
  | 'meta iifkind'
  | 'ip saddr'
  | 'ip daddr'
  | 'ip6 saddr'
  | 'ip6 daddr'
  | 'meta l4proto'
  | 'meta nfproto'
  | 'th sport'
  | 'th dport'
  | 'tcp sport'
  | 'tcp dport'
  | 'tcp flags'
  | 'udp sport'
  | 'udp dport'
  | 'sctp dport'
  | 'ct state'
  | 'ct status'
  /** Where the packet that began the connection was sent to, whatever it has been translated to since; Linux 4.17. */
  | 'ct original ip daddr'
  | 'fib daddr type'
  | 'meta mark'
  | 'ether saddr'
  | 'ether type'
  | 'arp saddr ether'
  | 'arp saddr ip'
  | 'icmpv6 type'
  | '@th,64,128'
  /** A number of 32 bits for the packet alone. */
  | 'meta random';

/**
 * The right-hand side of a comparison: a named set, or a value in nft's text: `lo`, `127.0.0.0/8`, `tcp`, `53`, `local`,
 * `established,related` (any of these flags), `syn / syn,rst` (flags behind a mask).
 */
export type Comparand = { readonly value: string } | { readonly set: string };

/** A header field that can be rewritten without connection tracking. */
export type WritableField = 'udp sport' | 'udp dport' | 'tcp sport' | 'tcp dport';

/** One statement of a rule, in order of evaluation. */
export type Statement =
  /** Equal, unless `!=`; of flags `!` means none of them. */
  | { readonly match: readonly Selector[]; readonly operator?: '!=' | '!'; readonly with: Comparand }
  | { readonly counter: true }
  /** Connection tracking passes the packet over. Before it only: priority raw. */
  | { readonly notrack: true }
  | { readonly verdict: 'accept' | 'drop' | 'return' }
  | { readonly verdict: 'jump' | 'goto'; readonly chain: string }
  | { readonly masquerade: true }
  | TranslationStatement
  | { readonly redirect: { readonly port: number } }
  /**
   * `tproxy ip6 to [100::1]:4`: hand the packet to the transparent socket that is bound there, or to the connection that
   * it belongs to, without changing it. Does not match where there is no such socket. Needs a match of the transport
   * protocol in the same rule, and prerouting.
   */
  | { readonly tproxy: { readonly address: string; readonly port: number } }
  /** Stateless rewrite of a header field: `udp dport set 40053`. */
  | { readonly set: WritableField; readonly to: number }
  | { readonly setMark: number }
  /** `tcp option maxseg size set rt mtu`. */
  | { readonly clampMss: true }
  | { readonly reject: 'icmpx admin-prohibited' | 'tcp reset' };

/**
 * Address translation. With `map` the address, or the address and the port, come from a map; an address alone keeps the
 * port: `dnat ip to meta l4proto . th dport map @publish4`.
 */
export type TranslationStatement =
  | {
      readonly translate: 'dnat' | 'snat';
      readonly family: 'ip' | 'ip6';
      readonly by: readonly Selector[];
      readonly map: string;
    }
  | {
      readonly translate: 'dnat' | 'snat';
      readonly family: 'ip' | 'ip6';
      readonly address: string;
      readonly port?: number;
    };

/** One rule: its statements, and a comment that `nft list` shows. */
export interface RuleDefinition {
  readonly statements: readonly Statement[];
  readonly comment?: string;
}

/** Where a base chain is called from. */
export interface HookDefinition {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: HookName;
  /** The interface of the hook `ingress`, which no other one has. */
  readonly device?: string;
  /** Lower runs earlier; connection tracking is at -200. */
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
}

/** Points on a packet's way through the host; `ingress`, of tables of family netdev, is before all others. */
export type HookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress';

/** A chain; a base chain when it has a `hook`. */
export interface ChainDefinition {
  readonly name: string;
  /** Shown by `nft list`. */
  readonly comment?: string;
  readonly hook?: HookDefinition;
  readonly rules: readonly RuleDefinition[];
}

/** A table with its sets and chains, in the order in which they are printed. */
export interface TableDefinition {
  readonly family: TableFamily;
  readonly name: string;
  /** Shown by `nft list`; ours says who made it. */
  readonly comment?: string;
  /** Protect the table from other processes and keep it when its owner's socket closes (Linux 6.9; probed). */
  readonly protected?: boolean;
  readonly sets: readonly SetDefinition[];
  readonly chains: readonly ChainDefinition[];
}
