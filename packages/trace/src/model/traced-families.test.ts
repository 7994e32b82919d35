import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainSummary } from '@fairlead/netlink';
import { tracedFamilies } from './traced-families.ts';

const chain = (family: ChainSummary['family'], hook?: string, priority = 0): ChainSummary => ({
  family,
  table: 't',
  chain: 'c',
  ...(hook !== undefined && { hook, priority }),
});

const cases: readonly [what: string, chains: readonly ChainSummary[], families: readonly string[]][] = [
  ['no rules', [], []],
  ['a chain that nothing leads to', [chain('inet')], []],
  ['rules for ARP alone', [chain('arp', 'input', -1000)], []],
  ['a table that traces, of another trace', [{ ...chain('bridge', 'prerouting', -500), table: 'packet-trace-1' }], []],
  ['our own table for answers', [{ ...chain('netdev', 'ingress'), table: 'fairlead-answers' }], []],
  ['a firewall for IPv4', [chain('ip', 'forward')], ['inet']],
  ['a firewall for IPv6', [chain('ip6', 'input')], ['inet']],
  ['a firewall for both', [chain('inet', 'forward'), chain('arp', 'input')], ['inet']],
  ['rules on a bridge', [chain('bridge', 'forward')], ['inet', 'bridge']],
  ['rules at an interface', [chain('netdev', 'ingress')], ['inet', 'bridge', 'netdev']],
  ['rules for what an interface sends', [chain('netdev', 'egress')], ['inet', 'bridge', 'netdev']],
  ['rules of both at an interface', [chain('inet', 'ingress')], ['inet', 'bridge', 'netdev']],
  ['rules that come before ours', [chain('ip', 'prerouting', -1000)], ['inet', 'bridge', 'netdev']],
];

for (const [what, chains, families] of cases) {
  test(`with ${what} tracing is switched on for ${families.join(', ') || 'nothing'}`, () => {
    assert.deepEqual([...tracedFamilies(chains)], families);
  });
}
