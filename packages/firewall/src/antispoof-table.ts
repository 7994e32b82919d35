import type { IpAddress, MacAddress } from '@fairlead/base';
import type {
  ElementObject,
  RuleDefinition,
  Selector,
  SetDefinition,
  Statement,
  TableDefinition,
} from '@fairlead/netlink';

/** Name of the table of family bridge that holds senders to their own addresses; there for as long as anybody is held. */
export const antispoofTableName = 'fairlead-antispoof';

const sets = [
  { name: 'guarded', key: ['ifname'], comment: 'bridge ports that are held to their own addresses' },
  { name: 'hardware', key: ['ifname', 'ether_addr'], comment: 'a port and the hardware address of its container' },
  { name: 'address4', key: ['ifname', 'ipv4_addr'], comment: 'a port and the addresses of its container' },
  { name: 'address6', key: ['ifname', 'ipv6_addr'], comment: 'the same, of IPv6' },
  { name: 'target6', key: ['ifname', '@th,64,128'], comment: 'the same, as neighbour discovery speaks of them' },
] as const satisfies readonly SetDefinition[];

type AntispoofSet = (typeof sets)[number]['name'];

/** A bridge port that is held to the addresses of the container behind it. */
export interface GuardedPort {
  /** Name of the port. */
  readonly interface: string;
  readonly mac: MacAddress;
  /** All that the container has, on whatever interface: it may answer by another one than it was asked by. */
  readonly addresses: readonly IpAddress[];
}

/** What a guarded port asks of the table. */
export function antispoofElements({ interface: port, mac, addresses }: GuardedPort): ElementObject[] {
  return [
    antispoofElement('guarded', [port]),
    antispoofElement('hardware', [port, mac]),
    ...addresses.flatMap((address) => {
      const key = [port, address];
      if (!address.includes(':')) return [antispoofElement('address4', key)];
      return [antispoofElement('address6', key), antispoofElement('target6', key)];
    }),
  ];
}

/**
 * The table that drops what a guarded port sends under other addresses than its own: a static table whose state is in its
 * sets, as the host's is. What is let through is listed, so that nothing gets by in a form that was not thought of.
 * Why it is laid out so: docs/decisions/0022-antispoof.md.
 */
export function antispoofTable(options: { readonly protected: boolean }): TableDefinition {
  return {
    family: 'bridge',
    name: antispoofTableName,
    comment: 'senders of container networks: made by fairlead',
    ...(options.protected && { protected: true }),
    sets,
    chains: [
      { name: 'sender', comment: 'under its own addresses only', rules: senderRules },
      {
        name: 'arriving',
        hook: { type: 'filter', hook: 'prerouting', priority: FIRST, policy: 'accept' },
        rules: [{ statements: [inSet(['iifname'], 'guarded'), { verdict: 'goto', chain: 'sender' }] }],
      },
    ],
  };
}

/** Before anybody changes an address: what ebtables calls dstnat is at -300. */
const FIRST = -350;

const accept: Statement = { verdict: 'accept' };
const drop: readonly Statement[] = [{ counter: true }, { verdict: 'drop' }];

const ownTarget: readonly [readonly Selector[], AntispoofSet] = [['iifname', '@th,64,128'], 'target6'];
const fromNowhere: Statement = is('ip6 saddr', '::');

/** Whether it may be sent, IPv4 first: the most is asked least. */
const senderRules: readonly RuleDefinition[] = [
  rule([notInSet(['iifname', 'ether saddr'], 'hardware'), ...drop], 'spoofed hardware address'),
  rule([inSet(['iifname', 'ip saddr'], 'address4'), accept]),
  rule([is('ip saddr', '0.0.0.0'), is('udp dport', '67'), accept], 'asks for an address'),
  rule([inSet(['iifname', 'arp saddr ether'], 'hardware'), inSet(['iifname', 'arp saddr ip'], 'address4'), accept]),
  rule(
    [inSet(['iifname', 'arp saddr ether'], 'hardware'), is('arp saddr ip', '0.0.0.0'), accept],
    'asks whether an address is free',
  ),
  rule([is('icmpv6 type', 'nd-router-advert'), ...drop], 'spoofed router'),
  rule([is('icmpv6 type', 'nd-redirect'), ...drop], 'spoofed router'),
  rule([is('icmpv6 type', 'nd-neighbor-advert'), notInSet(...ownTarget), ...drop], 'spoofed neighbour'),
  rule([inSet(['iifname', 'ip6 saddr'], 'address6'), accept]),
  rule(
    [fromNowhere, is('icmpv6 type', 'nd-neighbor-solicit'), inSet(...ownTarget), accept],
    'asks whether its address is free',
  ),
  ...(['nd-router-solicit', 'mld2-listener-report', 'mld-listener-report'] as const).map((type) =>
    rule([fromNowhere, is('icmpv6 type', type), accept]),
  ),
  rule([...drop], 'spoofed address'),
];

function antispoofElement(set: AntispoofSet, key: readonly string[]): ElementObject {
  return { kind: 'element', namespace: '', family: 'bridge', table: antispoofTableName, set, key };
}

function rule(statements: readonly Statement[], comment?: string): RuleDefinition {
  return comment === undefined ? { statements } : { statements, comment };
}

function is(selector: Selector, value: string): Statement {
  return { match: [selector], with: { value } };
}

function inSet(match: readonly Selector[], set: AntispoofSet): Statement {
  return { match, with: { set } };
}

function notInSet(match: readonly Selector[], set: AntispoofSet): Statement {
  return { match, operator: '!=', with: { set } };
}
