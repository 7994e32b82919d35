import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleOwner } from './rule-owner.ts';

const cases: [family: string, table: string, chain: string, siblings: string[], owner: string][] = [
  ['inet', 'fairlead', 'leaving', [], 'fairlead'],
  ['inet', 'fairlead-user', 'published', [], 'the administrator'],
  ['ip', 'filter', 'DOCKER-USER', [], 'docker'],
  ['ip', 'filter', 'FORWARD', ['FORWARD', 'ufw-before-forward'], 'ufw'],
  ['ip', 'filter', 'ufw-user-forward', [], 'ufw'],
  ['inet', 'firewalld', 'filter_FORWARD', [], 'firewalld'],
  ['ip', 'nat', 'KUBE-SERVICES', [], 'kube-proxy'],
  ['ip', 'filter', 'FORWARD', ['DOCKER'], 'iptables'],
  ['ip6', 'filter', 'FORWARD', [], 'iptables'],
  ['inet', 'filter', 'forward', [], 'somebody else'],
  ['netdev', 'mine', 'i', [], 'somebody else'],
];

for (const [family, table, chain, siblings, owner] of cases) {
  test(`${family} ${table} ${chain} belongs to ${owner}`, () => {
    assert.equal(ruleOwner({ family, table, chain }, siblings), owner);
  });
}
