import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '@fairlead/trace';
import { journalText } from './log.ts';

const time = new Date(2026, 0, 2, 10, 31, 9).getTime();
const operation = { kind: 'operation', time, name: 'start web', milliseconds: 41, steps: 11 } as const;
const foreign = { kind: 'foreign', time, what: 'firewall', name: 'table ip x added', details: [] } as const;

const cases: [entry: JournalEntry, lines: string[]][] = [
  [{ kind: 'daemon', time, name: 'daemon started' }, ['daemon started']],
  [operation, ['start web  11 steps, 41 ms']],
  [{ ...operation, operation: '7', steps: 1 }, ['start web  1 step, 41 ms  (fairlead explain 7)']],
  [{ ...operation, failure: 'no route' }, ['start web  11 steps, 41 ms  failed: no route']],
  [
    { ...foreign, program: 'nft', processId: 12, command: 'nft -f x', details: ['ip x y: drop'] },
    ['! nft (pid 12): nft -f x  table ip x added', '                     ip x y: drop'.trimStart()],
  ],
  [
    { ...foreign, what: 'claim', machine: '52:54:00:00:00:09', name: 'uses 192.0.2.9', details: ['it is told so'] },
    ['! machine 52:54:00:00:00:09  uses 192.0.2.9', 'it is told so'],
  ],
  [{ ...foreign, what: 'interface', name: 'br-app set down' }, ['! somebody  br-app set down']],
];

for (const [entry, [first = '', ...rest]] of cases) {
  test(`an entry is told so: ${first}`, () => {
    assert.deepEqual(journalText(entry), [
      `2026-01-02 10:31:09  ${first}`,
      ...rest.map((line) => `${' '.repeat(23)}${line}`),
    ]);
  });
}
