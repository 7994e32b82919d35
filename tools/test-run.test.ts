import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelTests, leftOutLines, longest, longestFirst } from './test-run.ts';

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

test('the longest files begin first, then all others, and there is no other of a name that is gone', () => {
  const files = kernelTests();
  const sorted = longestFirst(files);
  assert.deepEqual(sorted.slice(0, longest.length), longest);
  assert.deepEqual(sorted.toSorted(), files.toSorted());
});
