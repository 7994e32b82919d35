import type { ChainDefinition, RuleDefinition } from '@fairlead/netlink';
import { from, fromAnyBridge, is, rule, to, toOpenBridge, translated } from './host-rule.ts';

/**
 * No incoming interface: asked for by the host itself, 127.0.0.1 among others, or, where br_netfilter is loaded and
 * switched on, by a neighbour on the same bridge.
 */
const own: ChainDefinition = {
  name: 'own',
  rules: [rule([translated, to('bridges'), { masquerade: true }], 'published: asked for inside')],
};

/** What comes from elsewhere keeps its address, and meets two looks and no search. */
const outbound: ChainDefinition = {
  name: 'outbound',
  hook: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
  rules: [
    rule([is('iif', '0'), { verdict: 'goto', chain: 'own' }]),
    rule([fromAnyBridge, from('bridges'), { verdict: 'goto', chain: 'outgoing' }]),
  ],
};

/** From one of our bridges. */
const outgoing: ChainDefinition = {
  name: 'outgoing',
  rules: [
    rule([toOpenBridge, { verdict: 'goto', chain: 'inward' }]),
    rule([to('bridges'), { verdict: 'goto', chain: 'inward' }]),
    ...([4, 6] as const).flatMap(outwardTranslation),
  ],
};

/** From one of our bridges to one of them, where only published ports are translated on the way. */
const inward: ChainDefinition = {
  name: 'inward',
  rules: [rule([translated, { masquerade: true }], 'published: answers come back through us')],
};

function outwardTranslation(family: 4 | 6): RuleDefinition[] {
  const nft = family === 4 ? 'ip' : 'ip6';
  const isFamily = is('meta nfproto', `ipv${family}`);
  return [
    rule([isFamily, { translate: 'snat', family: nft, by: ['iifname'], map: `source${family}` }]),
    rule([isFamily, from(`masquerade${family}`), { masquerade: true }]),
  ];
}

/** Under which address a packet goes out. */
export const outwardTranslationChains: readonly ChainDefinition[] = [own, inward, outgoing, outbound];
