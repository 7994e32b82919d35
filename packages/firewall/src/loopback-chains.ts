import type { ChainDefinition, RuleDefinition, Statement } from '@fairlead/netlink';
import { accept, drop, from, is, rule } from './host-rule.ts';

/**
 * Loopback addresses are reachable over our bridges (route_localnet), but not for containers. It is judged at no hook before
 * the routing, for each costs every connection and most of them every packet: but where packets are taken up or forwarded,
 * and there somebody may have translated what was sent to a loopback address, as other engines publish ports on them.
 */
const toLoopback: readonly Statement[] = [is('ip daddr', '127.0.0.0/8'), from('bridges')];

/** A container begins a connection to there, wherever that leads by now. What it answers to the host is no beginning. */
export const asksForLoopback: RuleDefinition = rule(
  [is('ct state', 'new'), is('ct original ip daddr', '127.0.0.0/8'), from('bridges'), ...drop],
  'not for containers: 127.0.0.0/8 of the host',
);

const guard: ChainDefinition = {
  name: 'guard',
  comment: 'containers stay out of the loopback network of the host',
  hook: { type: 'filter', hook: 'input', priority: -300, policy: 'accept' },
  rules: [asksForLoopback, rule([...toLoopback, { verdict: 'goto', chain: 'guarded' }])],
};

/** The host has asked from there, and the answer was sent to the address that it goes by; or its own rules lead there. */
const answered: Statement = { match: ['ct status'], with: { value: 'snat,dnat' } };

/** What belongs to no connection, or is passed over by connection tracking. */
const guarded: ChainDefinition = {
  name: 'guarded',
  rules: [rule([answered, accept]), rule([...drop], 'not for containers: 127.0.0.0/8 of the host')],
};

/** What keeps containers out of the host's loopback network, with {@link asksForLoopback} where packets are forwarded. */
export const loopbackChains: readonly ChainDefinition[] = [guarded, guard];
