import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginsOf, LEG } from './way-times.ts';

test('legs that are known at once are drawn one after the other', () => {
  assert.deepEqual(beginsOf(4, [], 1000), [1000, 1000, 1000 + LEG, 1000 + 2 * LEG]);
});

test('a leg that is seen while others are drawn waits for them, and one that is seen later begins at once', () => {
  const first = beginsOf(2, [], 1000);
  const second = beginsOf(3, first, 1005);
  assert.deepEqual(second, [1000, 1000, 1000 + LEG]);
  assert.deepEqual(beginsOf(4, second, 9000), [...second, 9000]);
});

test('a way that turns out shorter keeps the times of what is left of it', () => {
  assert.deepEqual(beginsOf(2, [1000, 1000, 1260], 5000), [1000, 1000]);
});
