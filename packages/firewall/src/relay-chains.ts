import { relayEndpoint } from '@fairlead/base';
import type { ChainDefinition, RuleDefinition, Selector } from '@fairlead/netlink';
import { accept, from, is, leave, rule } from './host-rule.ts';
import type { HostSet } from './host-sets.ts';

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

/** What a packet for a published port meets that could not be translated. */
export const relayChains: readonly ChainDefinition[] = [relay, relayed];
