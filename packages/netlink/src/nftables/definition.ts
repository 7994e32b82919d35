/**
 * An nftables table as data: the blueprint that is printed as nft text, compiled to nfnetlink messages and decompiled
 * from them again. Only forms that `nft list ruleset` can print are offered.
 */

/** Address family of a table; all of ours are `inet` or `bridge`. */
export type TableFamily = 'inet' | 'ip' | 'ip6' | 'bridge';

/** Data types of set keys and map values, in nft's names. */
export type FieldType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'ifname' | 'mark' | 'ether_addr';

/** A named set, or a map when it has a `value`. */
export interface SetDefinition {
  readonly name: string;
  /** Fields of the key; more than one make a concatenation. */
  readonly key: readonly FieldType[];
  /** Fields of the data of a map. */
  readonly value?: readonly FieldType[];
  /** Keys may be intervals (`flags interval`). */
  readonly interval?: boolean;
}

/** Something a rule can look at; `fields` of several make a concatenation. */
export type Selector =
  | 'iifname'
  | 'oifname'
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
  | 'udp sport'
  | 'udp dport'
  | 'ct state'
  | 'ct status'
  | 'fib daddr type'
  | 'meta mark'
  | 'ether saddr'
  | 'ether type';

/** The right-hand side of a comparison: a value, a prefix, several values, or a named set. */
export type Comparand =
  /** `lo`, `127.0.0.0/8`, `tcp`, `53`, `local`, `established,related` (flags), `syn`. */
  | { readonly value: string }
  | { readonly set: string };

/** One statement of a rule, in order of evaluation. */
export type Statement =
  | { readonly match: readonly Selector[]; readonly operator?: '==' | '!='; readonly with: Comparand }
  | { readonly counter: true }
  | { readonly verdict: 'accept' | 'drop' | 'return' }
  | { readonly verdict: 'jump' | 'goto'; readonly chain: string }
  | { readonly masquerade: true }
  /** `dnat ip to <selectors> map @name`: address and port (or address only, which keeps the port) come from the map. */
  | { readonly dnat: 'ip' | 'ip6'; readonly map: string; readonly by: readonly Selector[] }
  /** `dnat ip to 127.0.0.11:5353`. */
  | { readonly dnat: 'ip' | 'ip6'; readonly to: { readonly address: string; readonly port?: number } }
  | { readonly redirect: { readonly port: number } }
  /** Stateless rewrite of a header field: `udp dport set 40053`. */
  | { readonly set: 'udp sport' | 'udp dport' | 'tcp sport' | 'tcp dport'; readonly to: number }
  | { readonly setMark: number }
  /** `tcp option maxseg size set rt mtu`. */
  | { readonly clampMss: true }
  | { readonly reject: 'icmpx-admin-prohibited' | 'tcp-reset' }
  | { readonly comment: string };

/** One rule: its statements, and a comment that `nft list` shows. */
export interface RuleDefinition {
  readonly statements: readonly Statement[];
  readonly comment?: string;
}

/** A chain; a base chain when it has a `hook`. */
export interface ChainDefinition {
  readonly name: string;
  readonly hook?: {
    readonly type: 'filter' | 'nat' | 'route';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
  };
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
