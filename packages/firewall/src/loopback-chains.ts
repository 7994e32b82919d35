import type { ChainDefinition, Statement } from '@fairlead/netlink';
import { accept, drop, from, is, rule } from './host-rule.ts';

/**
 * Loopback addresses are reachable over our bridges (route_localnet), but not for containers. No hook that forwarded packets
 * pass is used, for each costs every one of them.
 */
const toLoopback: readonly Statement[] = [is('ip daddr', '127.0.0.0/8'), from('bridges')];

/** What begins a connection comes here once, and before anybody translates it to elsewhere: a port of another engine. */
const guardNew: ChainDefinition = {
  name: 'guard_new',
  comment: 'containers stay out of the loopback network of the host',
  hook: { type: 'nat', hook: 'prerouting', priority: -190, policy: 'accept' },
  rules: [rule([...toLoopback, ...drop])],
};

/** What belongs to no connection, or is passed over by connection tracking. */
const guard: ChainDefinition = {
  name: 'guard',
  hook: { type: 'filter', hook: 'input', priority: -300, policy: 'accept' },
  rules: [rule([...toLoopback, { verdict: 'goto', chain: 'guarded' }])],
};

/** The host has asked from there, and the answer was sent to the address that it goes by; or its own rules lead there. */
const answered: Statement = { match: ['ct status'], with: { value: 'snat,dnat' } };

const guarded: ChainDefinition = {
  name: 'guarded',
  rules: [rule([answered, accept]), rule([...drop], 'not for containers: 127.0.0.0/8 of the host')],
};

/** What keeps containers out of the host's loopback network. */
export const loopbackChains: readonly ChainDefinition[] = [guardNew, guarded, guard];
