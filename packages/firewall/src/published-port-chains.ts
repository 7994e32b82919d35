import type { ChainDefinition, RuleDefinition, Selector, Statement } from '@fairlead/netlink';
import { askerAndPort, drop, is, leave, rule } from './host-rule.ts';
import type { HostSet } from './host-sets.ts';
import { meshChains } from './routing-mesh.ts';

/**
 * Published ports of one family. Nothing can be published twice, so the order is free: what most ports are comes first, and
 * what is looked up by hashing before intervals, for these are searched with vector registers that have to be saved for it
 * (net/netfilter/nft_set_pipapo_avx2.c).
 */
function publishedPorts(family: 4 | 6, mesh: boolean): ChainDefinition {
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
      dnat(port, 'publish'),
      dnat(addressAndPort, 'publish_address'),
      dnat(addressAndPort, 'publish_address_range'),
      dnat(port, 'publish_range'),
      rule([
        { match: addressAndPort, with: { set: `limited${family}` } },
        { verdict: 'goto', chain: `limited_ports${family}` },
      ]),
      ...(mesh ? [servicePorts(family)] : []),
    ],
  };
}

/** Last, and behind one look at all of them: who has no services shall not pay for them. */
function servicePorts(family: 4 | 6): RuleDefinition {
  return rule([
    { match: ['meta l4proto', 'th dport'], with: { set: 'mesh' } },
    { verdict: 'goto', chain: `mesh${family}` },
  ]);
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

const published: ChainDefinition = {
  name: 'published',
  comment: 'published ports',
  rules: [
    rule([is('meta nfproto', 'ipv6'), { verdict: 'goto', chain: 'published6' }]),
    rule([{ verdict: 'goto', chain: 'published4' }]),
  ],
};

/** What is known to be the host's is not looked for among all routes. */
const toHost = (family: 4 | 6): Statement => ({
  match: [family === 4 ? 'ip daddr' : 'ip6 daddr'],
  with: { set: `host${family}` },
});

const inbound: ChainDefinition = {
  name: 'inbound',
  hook: { type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept' },
  rules: [
    // First, for it asks for the family by itself.
    rule([toHost(4), { verdict: 'goto', chain: 'published4' }]),
    rule([is('meta nfproto', 'ipv6'), { verdict: 'goto', chain: 'inbound6' }]),
    // A neighbour on the wire may send to 127.0.0.1: translated, it would get past the kernel's check for that.
    rule([is('ip daddr', '127.0.0.0/8'), leave], 'published on loopback is for this host alone'),
    rule([is('fib daddr type', 'local'), { verdict: 'goto', chain: 'published4' }]),
  ],
};

const inbound6: ChainDefinition = {
  name: 'inbound6',
  rules: [
    rule([toHost(6), { verdict: 'goto', chain: 'at_host6' }]),
    rule([is('fib daddr type', 'local'), { verdict: 'goto', chain: 'at_host6' }]),
  ],
};

const atHost6: ChainDefinition = {
  name: 'at_host6',
  rules: [
    // The kernel does not forward a link-local source: the relay answers it.
    rule(
      [is('ip6 saddr', 'fe80::/10'), { verdict: 'goto', chain: 'link_local_ports' }],
      'link-local addresses cannot be forwarded',
    ),
    rule([{ verdict: 'goto', chain: 'published6' }]),
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

/** What a packet for a published port meets before it is routed. @param mesh ports of services as well. */
export function publishedPortChains(mesh: boolean): readonly ChainDefinition[] {
  return [
    ...(mesh ? meshChains : []),
    ...([4, 6] as const).flatMap((family) => [judgedPorts(family), limitedPorts(family), publishedPorts(family, mesh)]),
    linkLocalPorts,
    published,
    atHost6,
    inbound6,
    inbound,
    local,
  ];
}
