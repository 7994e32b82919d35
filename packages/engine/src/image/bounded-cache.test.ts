import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedCache } from './bounded-cache.ts';

test('a value is loaded once, also by two who ask at the same time', async () => {
  const cache = new BoundedCache<number>(2);
  let loads = 0;
  const load = async () => ++loads;
  assert.equal(cache.peek('a'), undefined);
  assert.deepEqual(await Promise.all([cache.get('a', load), cache.get('a', load)]), [1, 1]);
  assert.equal(cache.peek('a'), 1);
});

test('what was not asked for longest goes first', async () => {
  const cache = new BoundedCache<string>(2);
  for (const key of ['a', 'b', 'a', 'c']) await cache.get(key, async () => key);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.peek(key)),
    ['a', undefined, 'c'],
  );
});

test('a failed load is tried again', async () => {
  const cache = new BoundedCache<number>(2);
  await assert.rejects(cache.get('a', () => Promise.reject(new Error('no'))));
  assert.equal(await cache.get('a', async () => 7), 7);
});
