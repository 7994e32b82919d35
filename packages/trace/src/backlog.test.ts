import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from './backlog.ts';

test('all that has come is taken once, in order', () => {
  const backlog = new Backlog<string>(3);
  for (const thing of ['a', 'b', 'c']) backlog.add(thing);
  assert.deepEqual(backlog.take(), { kept: ['a', 'b', 'c'], missed: 0 });
  assert.deepEqual(backlog.take(), { kept: [], missed: 0 });
});

test('what comes when there is no more room is counted, until somebody looks', () => {
  const backlog = new Backlog<number>(2);
  for (let number = 0; number < 1000; number++) backlog.add(number);
  assert.deepEqual(backlog.take(), { kept: [0, 1], missed: 998 });
  backlog.add(1000);
  assert.deepEqual(backlog.take(), { kept: [1000], missed: 0 });
});
