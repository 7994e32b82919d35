import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addToIndex, removeFromIndex } from './set-index.ts';

test('a key leads to all that was added under it, and is forgotten with the last', () => {
  const index = new Map<string, Set<number>>();
  for (const item of [1, 2, 2]) addToIndex(index, 'a', item);
  addToIndex(index, 'b', 3);
  assert.deepEqual(index.get('a'), new Set([1, 2]));
  removeFromIndex(index, 'a', 1);
  assert.deepEqual(index.get('a'), new Set([2]));
  removeFromIndex(index, 'a', 2);
  assert.deepEqual([...index.keys()], ['b']);
});

test('nothing happens when an unknown item or key is taken away', () => {
  const index = new Map([['a', new Set([1])]]);
  removeFromIndex(index, 'a', 2);
  removeFromIndex(index, 'z', 1);
  assert.deepEqual(index, new Map([['a', new Set([1])]]));
});
