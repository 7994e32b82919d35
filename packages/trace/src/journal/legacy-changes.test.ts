import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LegacyRules } from '../legacy/legacy-rules.ts';
import { LegacyChanges } from './legacy-changes.ts';

const accepting = { INPUT: 'ACCEPT', FORWARD: 'ACCEPT', OUTPUT: 'ACCEPT' };

function table(rules: readonly string[], policies: Readonly<Record<string, string>> = accepting): LegacyRules {
  return {
    table: 'ip filter',
    rules: rules.map((text) => ({ chain: 'FORWARD', text, signature: text, target: 'DROP', packets: 0n })),
    policies: new Map(Object.entries(policies)),
    decided: new Map(),
  };
}

const cases: readonly (readonly [what: string, before: readonly LegacyRules[], after: LegacyRules, told: string[]])[] =
  [
    ['nothing', [table(['-j DROP'])], table(['-j DROP']), []],
    ['a table that is used for the first time', [], table([]), []],
    ['a rule of it', [], table(['-j DROP']), ['legacy ip filter: 1 rule added to FORWARD']],
    ['one more of the same', [table(['a'])], table(['a', 'a', 'b']), ['legacy ip filter: 2 rules added to FORWARD']],
    [
      'a rule in the place of another',
      [table(['a', 'b'])],
      table(['a', 'c']),
      ['legacy ip filter: 1 rule added to FORWARD, 1 rule removed from FORWARD'],
    ],
    [
      'a policy',
      [table([])],
      table([], { ...accepting, FORWARD: 'DROP' }),
      ['legacy ip filter: policy of FORWARD ACCEPT changed to DROP'],
    ],
    ['a chain', [table([])], table([], { ...accepting, mine: '-' }), ['legacy ip filter: chain mine added']],
    ['a chain that goes', [table([], { mine: '-' })], table([], {}), ['legacy ip filter: chain mine removed']],
  ];

for (const [what, before, after, told] of cases) {
  test(`what another program did to a table of the older iptables: ${what}`, () =>
    assert.deepEqual(
      new LegacyChanges(before).seen([after]).map(({ name }) => name),
      told,
    ));
}
