import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Follower } from './follower.ts';

const lossOf = (missed: number) => `${missed} missing`;

test('a follower is told everything in order, and waits for what comes', async () => {
  const end = new AbortController();
  using follower = new Follower<string>(end.signal, lossOf);
  const lines = follower.lines();
  follower.tell('a');
  follower.tell('b');
  assert.deepEqual([(await lines.next()).value, (await lines.next()).value], ['a', 'b']);
  const next = lines.next();
  follower.tell('c');
  assert.equal((await next).value, 'c');
  const last = lines.next();
  end.abort();
  assert.equal((await last).done, true);
});

test('one who does not keep up is told how much is missing, where it is missing', async () => {
  using follower = new Follower<string>(new AbortController().signal, lossOf, 2);
  for (const line of ['a', 'b', 'c']) follower.tell(line);
  const lines = follower.lines();
  const read = async () => (await lines.next()).value;
  assert.equal(await read(), 'a');
  follower.tell('d');
  assert.deepEqual([await read(), await read()], ['b', '2 missing']);
  follower.tell('e');
  assert.equal(await read(), 'e');
});
