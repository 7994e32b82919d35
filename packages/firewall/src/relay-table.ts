import { relayEndpoint } from '@fairlead/base';
import type {
  ElementObject,
  FieldType,
  RuleDefinition,
  Selector,
  SetDefinition,
  TableDefinition,
} from '@fairlead/netlink';
import { accept, is, leave, rule } from './host-rule.ts';

/** Name of the table of family ip6 that leads to the relay; there whenever the host's table is. */
export const relayTableName = 'fairlead-relay';

/** Key fields of a published port: `tcp . 8080`. */
const port: readonly FieldType[] = ['inet_proto', 'inet_service'];

/**
 * Published ports that are to reach the relay where they cannot be translated. A relay knows by itself where its packets
 * go, so a range is one element, whatever its numbers become.
 */
const sets = [
  { name: 'unrelayed', key: ['ifname'], comment: 'bridges of internal networks: the relay is no way out' },
  { name: 'relay6', key: port, comment: 'ports relayed on every host address' },
  { name: 'relay_range6', key: port, interval: true, comment: 'ranges relayed on every host address' },
  { name: 'relay_address6', key: ['ipv6_addr', ...port], comment: 'ports relayed on one host address' },
  { name: 'relay_address_range6', key: ['ipv6_addr', ...port], interval: true, comment: 'the same for ranges' },
] as const satisfies readonly SetDefinition[];

type RelaySet = (typeof sets)[number]['name'];

/** How the table is to be held. */
export interface RelayTableOptions {
  /** Owned by our process and kept when it ends; needs Linux 6.9. */
  readonly protected: boolean;
  /** Without transparent proxying (nft_tproxy) the rules are left out. Default true. */
  readonly relay?: boolean;
}

/**
 * What could not be translated, which is why it comes after the translations: IPv6 for a container that has only IPv4,
 * ::1, link-local addresses. The packets stay as they are, so the host's own rules for incoming packets see the
 * published port. Without a relay the rules do not match, and the socket that holds the port refuses. A table of its own,
 * for in the host's, which is for both families, its hook would cost every packet of IPv4 as well.
 */
export function relayTable(options: RelayTableOptions): TableDefinition {
  return {
    family: 'ip6',
    name: relayTableName,
    comment: 'container networks: made by fairlead',
    ...(options.protected && { protected: true }),
    sets,
    chains: options.relay === false ? [] : relayChains,
  };
}

/** An element of the table. */
export function relayTableElement(set: RelaySet, key: readonly string[]): ElementObject {
  return { kind: 'element', namespace: '', family: 'ip6', table: relayTableName, set, key };
}

const relayChains: TableDefinition['chains'] = [
  {
    name: 'relay',
    comment: 'published ports that cannot be translated',
    hook: { type: 'filter', hook: 'prerouting', priority: -80, policy: 'accept' },
    rules: [
      toRelay(['meta l4proto', 'th dport'], 'relay6'),
      toRelay(['meta l4proto', 'th dport'], 'relay_range6'),
      toRelay(['ip6 daddr', 'meta l4proto', 'th dport'], 'relay_address6'),
      toRelay(['ip6 daddr', 'meta l4proto', 'th dport'], 'relay_address_range6'),
    ],
  },
  {
    name: 'relayed',
    rules: [
      rule([{ match: ['fib daddr type'], operator: '!=', with: { value: 'local' } }, leave]),
      rule([{ match: ['iifname'], with: { set: 'unrelayed' satisfies RelaySet } }, leave]),
      rule([is('meta l4proto', 'tcp'), { tproxy: relayEndpoint }, accept]),
      rule([is('meta l4proto', 'udp'), { tproxy: relayEndpoint }, accept]),
    ],
  },
];

function toRelay(match: readonly Selector[], set: RelaySet): RuleDefinition {
  return rule([
    { match, with: { set } },
    { verdict: 'goto', chain: 'relayed' },
  ]);
}
