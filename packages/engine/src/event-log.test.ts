import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from './event-log.ts';
import type { EngineEvent } from './model.ts';

const event = (action: string) => ({ type: 'container' as const, action, id: 'x', attributes: {} });
const actions = (events: readonly EngineEvent[]) => events.map(({ action }) => action);
const nanoseconds = (milliseconds: number) => BigInt(milliseconds) * 1_000_000n;
const never = new AbortController().signal;

/** The events that are there already, with their times. */
async function past(log: EventLog): Promise<EngineEvent[]> {
  return await Array.fromAsync(
    log.read({ since: 0n, until: nanoseconds(Date.now() + 1), signal: AbortSignal.abort() }),
  );
}

test('times rise with every event, also within a millisecond', async () => {
  const log = new EventLog();
  const before = nanoseconds(Date.now());
  for (let count = 0; count < 100; count++) log.emit(event(`${count}`));
  const events = await past(log);
  assert.deepEqual(
    actions(events),
    Array.from({ length: 100 }, (_, index) => `${index}`),
  );
  events.reduce((last, { time }) => {
    assert.ok(time > last);
    return time;
  }, before - 1n);
});

test('only the newest events are kept', async () => {
  const log = new EventLog();
  for (let count = 0; count < 300; count++) log.emit(event(`${count}`));
  const events = await past(log);
  assert.deepEqual([events.length, events[0]?.action], [256, '44']);
});

test('the past is told from since on, and up to until', async () => {
  const log = new EventLog();
  for (const action of ['one', 'two', 'three']) log.emit(event(action));
  const [, second] = await past(log);
  assert.ok(second);
  const read = (range: { since?: bigint; until?: bigint }) => Array.fromAsync(log.read({ ...range, signal: never }));
  const { time } = second;
  assert.deepEqual(actions(await read({ since: time, until: nanoseconds(Date.now()) - 1n + 1_000_000n })), [
    'two',
    'three',
  ]);
  assert.deepEqual(actions(await read({ since: 0n, until: time })), ['one', 'two']);
  assert.deepEqual(actions(await read({ until: time })), []);
});

test('a reader gets what happens from its call on, in order, until it is told to stop', async () => {
  const log = new EventLog();
  log.emit(event('before'));
  const stop = new AbortController();
  const events = log.read({ signal: stop.signal });
  log.emit(event('between'));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { action } of events) seen.push(action);
  })();
  await new Promise(setImmediate);
  log.emit(event('after'));
  log.emit(event('last'));
  await new Promise(setImmediate);
  stop.abort();
  await reading;
  assert.deepEqual(seen, ['between', 'after', 'last']);
});

test('past and live events come without a gap or a double', async () => {
  const log = new EventLog();
  log.emit(event('past'));
  const stop = new AbortController();
  const events = log.read({ since: 0n, signal: stop.signal });
  log.emit(event('live'));
  const seen = [await events.next(), await events.next()].map(({ value }) => value?.action);
  stop.abort();
  assert.deepEqual([...seen, (await events.next()).done], ['past', 'live', true]);
});

test('a live reader with an end is let go when its time has come', async () => {
  const log = new EventLog();
  const events = log.read({ until: nanoseconds(Date.now() + 30), signal: never });
  log.emit(event('in time'));
  assert.deepEqual(actions(await Array.fromAsync(events)), ['in time']);
});

test('nobody is told any more who has left, in whatever way', async () => {
  const log = new EventLog();
  const stop = new AbortController();
  const aborted = log.read({ signal: stop.signal });
  const returned = log.read({ signal: never });
  const waiting = aborted.next();
  const first = returned.next();
  const unread = log.read({ signal: stop.signal });
  assert.equal(log.listenerCount, 3);
  log.emit(event('one'));
  await Promise.all([waiting, first]);
  await returned.return();
  stop.abort();
  await aborted.next();
  assert.equal(log.listenerCount, 0);
  assert.equal((await unread.next()).value?.action, 'one');
  assert.equal((await log.read({ signal: AbortSignal.abort() }).next()).done, true);
});
