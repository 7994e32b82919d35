import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watcher } from './watcher.ts';

async function collect(watcher: Watcher<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of watcher.events()) seen.push(event);
  return seen;
}

test('events come in order, also those from before the first reading, until the signal', async () => {
  const end = new AbortController();
  const watcher = new Watcher<number>(end.signal);
  watcher.tell(1);
  const events = watcher.events();
  assert.deepEqual(await events.next(), { value: 1, done: false });
  const next = events.next();
  watcher.tell(2);
  assert.deepEqual(await next, { value: 2, done: false });
  const last = events.next();
  end.abort();
  assert.equal((await last).done, true);
});

test('one who does not keep up is let go instead of filling the memory', async () => {
  const watcher = new Watcher<number>(new AbortController().signal);
  for (let count = 0; count < 100_000; count++) watcher.tell(count);
  assert.ok((await collect(watcher)).length < 1000);
});
