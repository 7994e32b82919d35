import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessages, type Message } from '../message.ts';
import type { RuleDefinition, TableDefinition } from './definition.ts';
import { decodeForeignFilters, forwardingTables } from './foreign-filter.ts';
import { nftType } from './nft-message.ts';
import { encodeTable } from './table-encoder.ts';

const accept = { verdict: 'accept' } as const;
const from = (name: string): RuleDefinition => ({
  statements: [{ match: ['iifname'], with: { value: name } }, accept],
});

/** A table of somebody else's as the kernel would list it. */
function listed(policy: 'accept' | 'drop', rules: readonly RuleDefinition[], hook: 'forward' | 'input' = 'forward') {
  const chain = { name: 'f', hook: { type: 'filter', hook, priority: 0, policy }, rules } as const;
  const table: TableDefinition = { family: 'inet', name: 't', sets: [], chains: [chain] };
  const messages = encodeTable(table).flatMap(({ message }) => decodeMessages(message));
  const ofType = (type: number): Message[] => messages.filter((message) => message.type === type);
  return [ofType(nftType.newChain), ofType(nftType.newRule)] as const;
}

const seen = (...[chains, rules]: ReturnType<typeof listed>) =>
  decodeForeignFilters(chains, rules).map(({ admitted }) => admitted);

test('a policy that drops is told of with the interfaces that rules accept', () => {
  assert.deepEqual(seen(...listed('drop', [from('eth0'), from('br-app')])), [['eth0', 'br-app']]);
});

test('a rule that accepts whatever comes admits everybody, and one with another condition nobody', () => {
  assert.deepEqual(seen(...listed('drop', [{ statements: [accept] }])), [['*']]);
  const established = { match: ['ct state'], with: { value: 'established' } } as const;
  assert.deepEqual(seen(...listed('drop', [{ statements: [established, accept] }])), [[]]);
});

test('a rule that drops whatever comes is as good as a policy', () => {
  const drop: RuleDefinition = { statements: [{ counter: true }, { verdict: 'drop' }] };
  assert.deepEqual(seen(...listed('accept', [from('eth0'), drop])), [['eth0']]);
  assert.deepEqual(seen(...listed('accept', [from('eth0')])), []);
});

test('a rule that drops what comes to an interface from others closes that one', () => {
  const toward = (to: string, from: string, ...more: RuleDefinition['statements']): RuleDefinition => ({
    statements: [
      { match: ['iifname'], operator: '!=', with: { value: from } },
      { match: ['oifname'], with: { value: to } },
      ...more,
      { counter: true },
      { verdict: 'drop' },
    ],
  });
  const closed = (...rules: RuleDefinition[]) =>
    decodeForeignFilters(...listed('accept', rules)).map(({ chain, toward: name }) => [chain, name]);
  assert.deepEqual(closed(toward('docker0', 'docker0'), toward('br-1', 'br-1')), [
    ['f', 'docker0'],
    ['f', 'br-1'],
  ]);
  // Between two of theirs, and of some packets only.
  assert.deepEqual(closed(toward('docker0', 'br-1')), []);
  assert.deepEqual(closed(toward('docker0', 'docker0', { match: ['tcp dport'], with: { value: '80' } })), []);
  assert.deepEqual(
    closed({ statements: [{ match: ['oifname'], with: { value: 'docker0' } }, { verdict: 'drop' }] }),
    [],
  );
});

test('only chains that forwarded packets come to are looked at', () => {
  const [chains, rules] = listed('drop', [], 'input');
  assert.deepEqual([decodeForeignFilters(chains, rules), forwardingTables(chains)], [[], []]);
  assert.deepEqual(forwardingTables(listed('accept', [])[0]), [{ family: 'inet', name: 't' }]);
});
