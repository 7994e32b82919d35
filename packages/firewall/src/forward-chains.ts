import type { ChainDefinition, RuleDefinition, Selector, Statement } from '@fairlead/netlink';
import {
  accept,
  askerAndPort,
  drop,
  from,
  fromAnyBridge,
  fromOpenBridge,
  is,
  known,
  leaves,
  rule,
  stays,
  to,
  toOpenBridge,
  translated,
  translatedOrAnswered,
} from './host-rule.ts';
import { asksForLoopback } from './loopback-chains.ts';

/**
 * Also where ICMP is lost, and only while some way out is narrower than a bridge: it takes a search for the way back. Not in
 * a chain of its own: every hook costs each packet.
 */
const fit: RuleDefinition = rule(
  [is('tcp flags', 'syn / syn,rst'), { match: ['meta l4proto'], with: { set: 'fitted' } }, { clampMss: true }],
  'segments fit the way out',
);
/** Nothing is cut to the way out: one bit is looked at, and not what kind of segment it is. */
const unfitted: Statement = { match: ['meta l4proto'], operator: '!=', with: { set: 'fitted' } };
const unknown: RuleDefinition = rule([is('ct state', 'invalid'), { verdict: 'goto', chain: 'outward' }]);

/**
 * What comes from one of our bridges. The order is the policy: what may leave its source is settled before any destination
 * can accept. Behind the second rule are only packets that go elsewhere: all of them may, but for those of no connection.
 */
const leaving: ChainDefinition = {
  name: 'leaving',
  rules: [
    rule([from('internal'), leaves, ...drop], 'internal network: nothing leaves'),
    rule([to('bridges'), { verdict: 'goto', chain: 'between' }]),
    fit,
    unknown,
  ],
};

/**
 * The same for a bridge that may be left, which its group says, so that no set has to be asked before what belongs to a
 * connection goes its way. No connection of such a bridge leads into an internal network, and none to another bridge of
 * ours that `between` has not let through.
 */
const leavingOpen: ChainDefinition = {
  name: 'leaving_open',
  rules: [
    rule([toOpenBridge, { verdict: 'goto', chain: 'between' }]),
    fit,
    rule([known, accept]),
    rule([to('bridges'), { verdict: 'goto', chain: 'between' }]),
    unknown,
  ],
};

/** From one of our bridges to one of them. */
const between: ChainDefinition = {
  name: 'between',
  rules: [
    rule([to('internal'), leaves, ...drop], 'internal network: nothing enters'),
    rule([known, accept]),
    rule([translated, accept], 'published'),
    rule([{ match: ['iifname', 'oifname'], with: { set: 'separated' } }, ...drop], 'containers may not talk'),
    rule([stays, accept]),
    rule([{ verdict: 'goto', chain: 'unpublished' }]),
  ],
};

/** What comes from elsewhere, for a network that may be entered. */
const entering: ChainDefinition = {
  name: 'entering',
  rules: [
    rule([translated, accept], 'published'),
    rule([known, accept]),
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
  return rule([is('meta nfproto', `ipv${family}`), from(`masquerade${family}`), ...drop], 'cannot be translated');
}

/** What comes from no bridge of ours. */
const arriving: readonly RuleDefinition[] = [
  rule([to('reachable'), { verdict: 'goto', chain: 'entering' }]),
  // Whatever bridge of ours is left: one that is not said to be open is closed.
  rule([to('bridges'), ...drop], 'internal network: nothing enters'),
];

/** What comes from a bridge, which may be anybody's. */
const bridged: ChainDefinition = {
  name: 'bridged',
  rules: [
    asksForLoopback,
    rule([fromOpenBridge, { verdict: 'goto', chain: 'leaving_open' }]),
    rule([from('bridges'), { verdict: 'goto', chain: 'leaving' }]),
    ...arriving,
  ],
};

/**
 * What there is most of is let through by the first rule that can tell, without a chain of its own: an answer out of an open
 * bridge, unless it has to be fitted, and what comes from no bridge for one that may be entered. All others are judged as
 * if these two were not there.
 */
const forward: ChainDefinition = {
  name: 'forward',
  hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
  rules: [
    rule([fromOpenBridge, known, unfitted, accept]),
    rule([fromAnyBridge, { verdict: 'goto', chain: 'bridged' }]),
    rule([toOpenBridge, translatedOrAnswered, accept]),
    rule([toOpenBridge, { verdict: 'goto', chain: 'entering' }]),
    ...arriving,
  ],
};

/** Who may talk to whom: what a packet meets that is forwarded. */
export const forwardChains: readonly ChainDefinition[] = [
  unpublished,
  outward,
  between,
  leavingOpen,
  leaving,
  entering,
  bridged,
  forward,
];
