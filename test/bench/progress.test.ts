import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNotes, shareBetween } from './progress.ts';

const notes = parseNotes('10 1 0 11 1.5 100 12 2.5 200 13 3 400');

test('what was done is counted between notes', () => {
  assert.deepEqual(shareBetween([notes], 11, 13), { rate: 150, cost: 1.5 / 300 });
});

test('between two notes it is taken for even', () => {
  assert.deepEqual(shareBetween([notes], 10.5, 12.5), { rate: 125, cost: 1.5 / 250 });
});

test('several are counted together', () => {
  const slow = parseNotes('9 0 0 14 5 50');
  assert.deepEqual(shareBetween([notes, slow], 11, 13), { rate: 160, cost: 3.5 / 320 });
});

test('what was not noted is not made up', () => {
  assert.throws(() => shareBetween([notes], 9, 11), RangeError);
  assert.throws(() => shareBetween([notes], 12, 14), RangeError);
  assert.throws(() => shareBetween([parseNotes('1 0 5 2 0 5')], 1.2, 1.8), RangeError);
});
