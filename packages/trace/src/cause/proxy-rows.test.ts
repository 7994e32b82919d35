import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleStep } from '../model/report.ts';
import { explainCause } from './knowledge-base.ts';
import { caseOf, codeOf, firewallDrop, sighting } from './testing/sample-case.ts';

/** What is meant for a transparent proxy. */

const rule = (verdict: 'drop' | 'accept'): RuleStep => ({
  kind: 'rule',
  family: 'ip',
  table: 'mangle',
  chain: 'PREROUTING',
  handle: '2',
  text: 'tcp dport 80 counter xt target "TPROXY"',
  owner: 'iptables',
  verdict,
});

test('a rule that drops what it can hand to no program is told from one that refuses', () => {
  assert.equal(codeOf(caseOf({ drop: firewallDrop, rule: rule('drop') })), 'proxy-missing');
  assert.equal(codeOf(caseOf({ drop: firewallDrop, rule: { ...rule('drop'), text: 'drop' } })), 'foreign-rule');
});

/** It met the rule, and ended where it was to be passed on. */
function passedOn(mark: number): ReturnType<typeof caseOf> {
  const drop = sighting({ reason: 'NOT_SPECIFIED', function: 'ip_forward', mark });
  const plain = caseOf({ drop });
  const passes = [{ namespace: 2, role: 'request', steps: [rule('accept')] }] as const;
  return { ...plain, observation: { ...plain.observation, passes } };
}

test('what a proxy was to have and what is routed on instead gets a route by its mark, where it has one', () => {
  const { cause, fixes } = explainCause(passedOn(7));
  assert.equal(cause?.code, 'proxy-passed');
  assert.deepEqual(fixes[0]?.commands, [
    'ip route add local 0.0.0.0/0 dev lo table 100',
    'ip rule add fwmark 7 lookup 100',
  ]);
  assert.match(explainCause(passedOn(0)).fixes[0]?.text ?? '', /Take the rule away/);
});
