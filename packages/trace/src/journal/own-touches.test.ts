import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aftermath, OwnTouches } from './own-touches.ts';

test('what we have worked on is ours for a while, and longer when we work on it again', () => {
  const touches = new OwnTouches<string>();
  touches.add('a', 0);
  assert.deepEqual(
    [touches.has('a', aftermath - 1), touches.has('a', aftermath), touches.has('b', 0)],
    [true, false, false],
  );
  touches.add('a', aftermath);
  assert.equal(touches.has('a', aftermath + 1), true);
});

test('only what is still ours is remembered, however much there was', () => {
  const touches = new OwnTouches<number>();
  for (let link = 0; link < 10_000; link++) touches.add(link, link * 100);
  assert.equal(touches.size, aftermath / 100);
  touches.add(9999 - aftermath / 100 + 1, 10_000 * 100);
  assert.equal(touches.size, aftermath / 100);
});
