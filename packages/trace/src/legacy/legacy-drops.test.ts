import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legacyDrops } from './legacy-drops.ts';
import type { LegacyRules } from './legacy-rules.ts';

/** `FORWARD -p tcp -j DROP` and how many packets it has met. */
function table(rules: Readonly<Record<string, bigint>>, forwardPolicy = 0n): LegacyRules {
  return {
    table: 'ip filter',
    rules: Object.entries(rules).map(([line, packets]) => {
      const [chain = '', ...words] = line.split(' ');
      return { chain, text: words.join(' '), signature: line, target: words.at(-1) ?? '', packets };
    }),
    policies: new Map([
      ['INPUT', 'ACCEPT'],
      ['FORWARD', 'DROP'],
      ['mine', '-'],
      ['inner', '-'],
    ]),
    decided: new Map([
      ['INPUT', 9n],
      ['FORWARD', forwardPolicy],
    ]),
  };
}

const drop = 'INPUT -p tcp -j DROP';

test('the rule that has met a packet since is the one that dropped it', () => {
  const [before, after] = [table({ [drop]: 3n, 'FORWARD -j DROP': 7n }), table({ [drop]: 4n, 'FORWARD -j DROP': 7n })];
  assert.deepEqual(legacyDrops([before], [after]), [
    { table: 'ip filter', chain: 'INPUT', hooks: ['INPUT'], text: '-p tcp -j DROP' },
  ]);
});

test('rules that let packets pass have dropped none, nor have policies that accept', () => {
  const rule = 'INPUT -p tcp -j ACCEPT';
  assert.deepEqual(
    legacyDrops([table({ [rule]: 3n })], [{ ...table({ [rule]: 4n }), decided: new Map([['INPUT', 10n]]) }]),
    [],
  );
});

test('a policy drops as a rule does', () => {
  const found = legacyDrops([table({})], [table({}, 1n)]);
  assert.deepEqual(
    found.map(({ chain, text }) => `${chain} ${text}`),
    ['FORWARD policy DROP'],
  );
});

test('a rule in a chain of somebody is told with the built-in chains that lead there', () => {
  const jumps = { 'INPUT -j mine': 1n, 'FORWARD -j mine': 2n, 'mine -j inner': 3n, 'inner -j mine': 0n };
  const [before, after] = [table({ ...jumps, 'inner -j REJECT': 0n }), table({ ...jumps, 'inner -j REJECT': 1n })];
  assert.deepEqual(legacyDrops([before], [after])[0]?.hooks, ['INPUT', 'FORWARD']);
});

test('a table that is new has counted from nothing', () => {
  assert.equal(legacyDrops([], [table({ [drop]: 1n })]).length, 1);
});
