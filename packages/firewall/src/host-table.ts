import { relayEndpoint } from '@fairlead/base';
import type { ChainDefinition, RuleDefinition, Selector, Statement, TableDefinition } from '@fairlead/netlink';
import { type HostSet, hostSets, tableName } from './host-sets.ts';

/** How the table is to be held. */
export interface HostTableOptions {
  /** Owned by our process and kept when it ends; needs Linux 6.9. */
  readonly protected: boolean;
  /** Without transparent proxying (nft_tproxy) ports are not relayed: ::1 and IPv6 to IPv4 refuse. Default true. */
  readonly relay?: boolean;
}

/**
 * Everything that the host's firewall does for containers, as one static table: the rules never change, all state is in
 * the sets (see `host-sets.ts`). Why it is laid out so: docs/decisions/0004-firewall-layout.md.
 *
 * It judges only packets that come from or go to one of our bridges; whatever else passes is left to the host's own
 * rules. An `accept` here does not overrule a drop in another table.
 */
export function hostTable(options: HostTableOptions): TableDefinition {
  return {
    family: 'inet',
    name: tableName,
    comment: 'container networks: made by fairlead',
    ...(options.protected && { protected: true }),
    sets: hostSets,
    chains: [
      guard,
      judgedPorts(4),
      limitedPorts(4),
      publishedPorts(4),
      judgedPorts(6),
      limitedPorts(6),
      publishedPorts(6),
      linkLocalPorts,
      published,
      inbound,
      local,
      ...(options.relay === false ? [] : [relay, relayed]),
      inward,
      outbound,
      unpublished,
      outward,
      leaving,
      entering,
      forward,
    ],
  };
}

const accept: Statement = { verdict: 'accept' };
const leave: Statement = { verdict: 'return' };

/** Every drop is counted, so that `nft list` and the flow log can show it. */
const drop: readonly Statement[] = [{ counter: true }, { verdict: 'drop' }];

const stays: Statement = { match: ['iifname', 'oifname'], with: { set: 'same_bridge' } };
const leaves: Statement = { match: ['iifname', 'oifname'], operator: '!=', with: { set: 'same_bridge' } };
const known: Statement = is('ct state', 'established,related');
const toElsewhere: Statement = { match: ['oifname'], operator: '!=', with: { set: 'bridges' } };
const translated: Statement = { match: ['ct status'], with: { value: 'dnat' } };

/**
 * Loopback addresses are reachable over our bridges (route_localnet), but not for containers. Where br_netfilter shows us
 * what crosses a further bridge of a network, it is not tracked: a connection that is known there already would not be
 * translated any more where it is routed, at the first one.
 */
const guard: ChainDefinition = {
  name: 'guard',
  comment: 'containers stay out of the loopback network of the host',
  hook: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'accept' },
  rules: [rule([is('ip daddr', '127.0.0.0/8'), from('bridges'), ...drop]), rule([from('segments'), { notrack: true }])],
};

/**
 * Published ports of one family. Nothing can be published twice, so the order is free: what is looked up by hashing comes
 * first, for intervals are searched with vector registers that have to be saved for it (net/netfilter/nft_set_pipapo_avx2.c).
 */
function publishedPorts(family: 4 | 6): ChainDefinition {
  const nft = family === 4 ? 'ip' : 'ip6';
  const port: readonly Selector[] = ['meta l4proto', 'th dport'];
  const addressAndPort: readonly Selector[] = [`${nft} daddr`, ...port];
  const dnat = (
    by: readonly Selector[],
    set: 'publish' | 'publish_range' | 'publish_address' | 'publish_address_range',
  ) => rule([{ translate: 'dnat', family: nft, by, map: `${set}${family}` satisfies HostSet }]);
  return {
    name: `published${family}`,
    rules: [
      dnat(addressAndPort, 'publish_address'),
      dnat(port, 'publish'),
      dnat(addressAndPort, 'publish_address_range'),
      dnat(port, 'publish_range'),
      rule([
        { match: addressAndPort, with: { set: `limited${family}` } },
        { verdict: 'goto', chain: `limited_ports${family}` },
      ]),
    ],
  };
}

/**
 * Whether the asker is one of those that a port is for. Ports that are for everybody never come here, so they cost nothing
 * for it. A packet that is dropped here leaves no connection behind: its successor is judged as well.
 */
function judgedPorts(family: 4 | 6): ChainDefinition {
  return {
    name: `judged_ports${family}`,
    rules: [
      // No incoming interface: asked for by the host itself.
      rule([is('iif', '0'), leave]),
      rule([{ match: askerAndPort(family), with: { set: `from${family}` } }, leave]),
      rule([{ match: ['iifname', ...askerAndPort(family)], with: { set: `via${family}` } }, leave]),
      rule([...drop], 'published for others'),
    ],
  };
}

function limitedPorts(family: 4 | 6): ChainDefinition {
  const nft = family === 4 ? 'ip' : 'ip6';
  const port: readonly Selector[] = ['meta l4proto', 'th dport'];
  const addressAndPort: readonly Selector[] = [`${nft} daddr`, ...port];
  return {
    name: `limited_ports${family}`,
    comment: 'ports published for some askers only',
    rules: [
      rule([{ verdict: 'jump', chain: `judged_ports${family}` }]),
      rule([{ translate: 'dnat', family: nft, by: addressAndPort, map: `limited_publish_address${family}` }]),
      rule([{ translate: 'dnat', family: nft, by: port, map: `limited_publish${family}` }]),
      rule([{ translate: 'dnat', family: nft, by: addressAndPort, map: `limited_publish_range${family}` }]),
    ],
  };
}

/** What cannot be forwarded is relayed, but not for everybody. */
const linkLocalPorts: ChainDefinition = {
  name: 'link_local_ports',
  rules: [
    rule([
      { match: ['ip6 daddr', 'meta l4proto', 'th dport'], with: { set: 'limited6' } },
      { verdict: 'goto', chain: 'judged_ports6' },
    ]),
  ],
};

function askerAndPort(family: 4 | 6): readonly Selector[] {
  return family === 4
    ? ['ip saddr', 'ip daddr', 'meta l4proto', 'th dport']
    : ['ip6 saddr', 'ip6 daddr', 'meta l4proto', 'th dport'];
}

const published: ChainDefinition = {
  name: 'published',
  comment: 'published ports',
  rules: [
    rule([is('meta nfproto', 'ipv6'), { verdict: 'goto', chain: 'published6' }]),
    rule([{ verdict: 'goto', chain: 'published4' }]),
  ],
};

const inbound: ChainDefinition = {
  name: 'inbound',
  hook: { type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept' },
  rules: [
    rule([{ match: ['fib daddr type'], operator: '!=', with: { value: 'local' } }, leave]),
    // A neighbour on the wire may send to 127.0.0.1: translated, it would get past the kernel's check for that.
    rule([is('ip daddr', '127.0.0.0/8'), leave], 'published on loopback is for this host alone'),
    // The kernel does not forward a link-local source: the relay answers it.
    rule(
      [is('ip6 saddr', 'fe80::/10'), { verdict: 'goto', chain: 'link_local_ports' }],
      'link-local addresses cannot be forwarded',
    ),
    rule([{ verdict: 'goto', chain: 'published' }]),
  ],
};

const local: ChainDefinition = {
  name: 'local',
  hook: { type: 'nat', hook: 'output', priority: -100, policy: 'accept' },
  rules: [
    rule([is('ip6 daddr', '::1'), leave], 'never leaves the loopback interface: relayed'),
    rule([is('fib daddr type', 'local'), { verdict: 'goto', chain: 'published' }]),
  ],
};

/**
 * What could not be translated, which is why it comes after the translations: IPv6 for a container that has only IPv4,
 * ::1, link-local addresses. The packets stay as they are, so the host's own rules for incoming packets see the
 * published port. Without a relay the rules do not match, and the socket that holds the port refuses.
 */
const relay: ChainDefinition = {
  name: 'relay',
  comment: 'published ports that cannot be translated',
  hook: { type: 'filter', hook: 'prerouting', priority: -80, policy: 'accept' },
  rules: [
    rule([is('meta nfproto', 'ipv4'), leave]),
    toRelay(['meta l4proto', 'th dport'], 'relay6'),
    toRelay(['meta l4proto', 'th dport'], 'relay_range6'),
    toRelay(['ip6 daddr', 'meta l4proto', 'th dport'], 'relay_address6'),
    toRelay(['ip6 daddr', 'meta l4proto', 'th dport'], 'relay_address_range6'),
  ],
};

function toRelay(match: readonly Selector[], set: HostSet): RuleDefinition {
  return rule([
    { match, with: { set } },
    { verdict: 'goto', chain: 'relayed' },
  ]);
}

const relayed: ChainDefinition = {
  name: 'relayed',
  rules: [
    rule([{ match: ['fib daddr type'], operator: '!=', with: { value: 'local' } }, leave]),
    rule([from('internal'), leave], 'internal network: the relay is no way out'),
    rule([is('meta l4proto', 'tcp'), { tproxy: relayEndpoint }, accept]),
    rule([is('meta l4proto', 'udp'), { tproxy: relayEndpoint }, accept]),
  ],
};

/** Towards one of our bridges, where only published ports are translated on the way. */
const inward: ChainDefinition = {
  name: 'inward',
  rules: [
    // No incoming interface: asked for by the host itself, 127.0.0.1 among others, or, where br_netfilter is loaded and
    // switched on, by a neighbour on the same bridge.
    rule([is('iif', '0'), translated, { masquerade: true }], 'published: asked for inside'),
    rule([translated, from('bridges'), { masquerade: true }], 'published: answers come back through us'),
  ],
};

const outbound: ChainDefinition = {
  name: 'outbound',
  hook: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
  rules: [
    rule([to('bridges'), { verdict: 'goto', chain: 'inward' }]),
    ...([4, 6] as const).flatMap(outwardTranslation),
  ],
};

function outwardTranslation(family: 4 | 6): RuleDefinition[] {
  const nft = family === 4 ? 'ip' : 'ip6';
  const isFamily = is('meta nfproto', `ipv${family}`);
  return [
    rule([isFamily, { translate: 'snat', family: nft, by: ['iifname'], map: `source${family}` }]),
    rule([isFamily, from(`masquerade${family}`), { masquerade: true }]),
  ];
}

/** TCP segments fit the way out, also where ICMP is lost. Here and not in a chain of its own: every hook costs each packet. */
const clamp = rule([is('tcp flags', 'syn / syn,rst'), toElsewhere, { clampMss: true }], 'segments fit the way out');

/**
 * What comes from one of our bridges. The order is the policy: what may leave its source is settled before any destination
 * can accept.
 */
const leaving: ChainDefinition = {
  name: 'leaving',
  rules: [
    clamp,
    rule([from('internal'), leaves, ...drop], 'internal network: nothing leaves'),
    rule([to('internal'), leaves, ...drop], 'internal network: nothing enters'),
    rule([known, accept]),
    rule([toElsewhere, { verdict: 'goto', chain: 'outward' }]),
    rule([translated, accept], 'published'),
    rule([{ match: ['iifname', 'oifname'], with: { set: 'separated' } }, ...drop], 'containers may not talk'),
    rule([stays, accept]),
    rule([{ verdict: 'goto', chain: 'unpublished' }]),
  ],
};

/** What comes from elsewhere, for one of our bridges. */
const entering: ChainDefinition = {
  name: 'entering',
  rules: [
    rule([to('internal'), ...drop], 'internal network: nothing enters'),
    rule([known, accept]),
    rule([translated, accept], 'published'),
    rule([{ verdict: 'goto', chain: 'unpublished' }]),
  ],
};

const unpublished: ChainDefinition = {
  name: 'unpublished',
  rules: [
    rule([{ match: ['iifname', 'oifname'], with: { set: 'trusted' } }, accept]),
    ...([4, 6] as const).flatMap(directAccess),
    rule([...drop], 'not published, or another network'),
  ],
};

const outward: ChainDefinition = {
  name: 'outward',
  rules: ([4, 6] as const).map(untranslatable),
};

/** Gateway modes in which containers are reached under their own addresses. */
function directAccess(family: 4 | 6): RuleDefinition[] {
  const [nft, icmp] = family === 4 ? (['ip', 'icmp'] as const) : (['ip6', 'ipv6-icmp'] as const);
  const address: Selector = `${nft} daddr`;
  return [
    rule([is('meta nfproto', `ipv${family}`), to(`open${family}`), accept]),
    rule([to(`routed${family}`), is('meta l4proto', icmp), accept]),
    rule([
      to(`routed${family}`),
      { match: [address, 'meta l4proto', 'th dport'], with: { set: `routed_ports${family}` } },
      accept,
    ]),
    rule([to(`routed${family}`), { match: askerAndPort(family), with: { set: `routed_from${family}` } }, accept]),
    rule([
      to(`routed${family}`),
      { match: ['iifname', ...askerAndPort(family)], with: { set: `routed_via${family}` } },
      accept,
    ]),
  ];
}

/** A packet that belongs to no known flow would go out under the container's own address. */
function untranslatable(family: 4 | 6): RuleDefinition {
  return rule(
    [is('meta nfproto', `ipv${family}`), from(`masquerade${family}`), is('ct state', 'invalid'), ...drop],
    'cannot be translated',
  );
}

const forward: ChainDefinition = {
  name: 'forward',
  hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
  rules: [
    rule([from('bridges'), { verdict: 'goto', chain: 'leaving' }]),
    rule([to('bridges'), { verdict: 'goto', chain: 'entering' }]),
  ],
};

function rule(statements: readonly Statement[], comment?: string): RuleDefinition {
  return comment === undefined ? { statements } : { statements, comment };
}

function is(selector: Selector, value: string): Statement {
  return { match: [selector], with: { value } };
}

function from(set: HostSet): Statement {
  return { match: ['iifname'], with: { set } };
}

function to(set: HostSet): Statement {
  return { match: ['oifname'], with: { set } };
}
