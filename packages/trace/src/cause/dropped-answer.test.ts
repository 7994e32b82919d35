import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { explainDroppedAnswer } from './dropped-answer.ts';

const asked = { name: 'web', namespace: 'fl-web', server: parseIpAddress('127.0.0.11') };
const step = { family: 'ip', table: 'filter', chain: 'INPUT', verdict: 'drop' } as const;

test('the rule that drops an answer is named, and what lets it pass', () => {
  const rule = { ...step, owner: 'iptables', kind: 'rule', handle: '7', text: 'ip saddr 127.0.0.11 drop' } as const;
  const { cause, fixes } = explainDroppedAnswer({ function: 'nft_do_chain', rule }, asked);
  assert.equal(cause.code, 'foreign-rule');
  assert.match(
    cause.text,
    /^In web, iptables \(table ip filter\), chain INPUT, drops what .*: rule: ip saddr 127.0.0.11 drop\./,
  );
  assert.deepEqual(cause.evidence, [
    'kernel: NETFILTER_DROP in nft_do_chain (web): UDP from 127.0.0.11',
    'nft trace: table ip filter, chain INPUT #7: ip saddr 127.0.0.11 drop',
  ]);
  const commands = fixes.map((fix) => fix.commands[0]);
  assert.match(commands[0] ?? '', /^nsenter --net=\/run\/netns\/fl-web nft 'insert rule ip filter INPUT ip saddr 127/);
  assert.equal(commands[1], 'nsenter --net=/run/netns/fl-web nft delete rule ip filter INPUT handle 7');
});

test('a policy has no rule that could be taken away', () => {
  const rule = { ...step, owner: 'somebody else', kind: 'policy', text: 'policy drop' } as const;
  const { cause, fixes } = explainDroppedAnswer(
    { function: 'nft_do_chain', rule },
    { ...asked, server: parseIpAddress('fd66:6c64:6e73::53') },
  );
  assert.equal(cause.code, 'foreign-policy');
  assert.match(
    cause.text,
    /^In web, table ip filter, chain INPUT, .*: no rule accepted it, and the chain's policy is drop/,
  );
  assert.equal(fixes.length, 1);
  assert.match(fixes[0]?.commands[0] ?? '', /ip6 saddr fd66:6c64:6e73::53 accept/);
});

test('where the rule could not be seen none is made up', () => {
  const { cause, fixes } = explainDroppedAnswer({ function: 'ipt_do_table' }, asked);
  assert.equal(cause.code, 'firewall');
  assert.match(cause.text, /which rule does could not be seen/);
  assert.deepEqual(fixes, []);
});
