import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftOutLines } from './test-run.ts';

test('what was left out is named at the end, by its reason', () => {
  const lines = leftOutLines([
    { file: 'a.test.ts', name: 'one', reason: 'no browser' },
    { file: 'b.test.ts', name: 'two', reason: 'another peer' },
    { file: 'a.test.ts', name: 'three', reason: 'no browser' },
  ]);
  assert.deepEqual(lines, [
    'left out, 2: no browser',
    '  a.test.ts: one',
    '  a.test.ts: three',
    'left out, 1: another peer',
    '  b.test.ts: two',
  ]);
});
