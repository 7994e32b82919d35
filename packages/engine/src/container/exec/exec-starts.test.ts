import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ExecStarts } from './exec-starts.ts';

/** Something that is under way until it is told to end. */
function work(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = async () => {
    log.push(`${name} begins`);
    await promise;
    log.push(`${name} ends`);
  };
  return { run, end: resolve };
}

test('starts go on beside each other; what needs quiet waits for them, and later ones wait for it', async () => {
  const log: string[] = [];
  const starts = new ExecStarts();
  const [one, two, freeze, three] = ['one', 'two', 'freeze', 'three'].map((name) => work(log, name));
  assert.ok(one && two && freeze && three);
  const all = [starts.run('web', one.run), starts.run('web', two.run)];
  all.push(starts.without('web', freeze.run), starts.run('web', three.run));
  one.end();
  await turn();
  assert.deepEqual(log, ['one begins', 'two begins', 'one ends']);
  two.end();
  await turn();
  assert.deepEqual(log.slice(3), ['two ends', 'freeze begins']);
  freeze.end();
  await turn();
  assert.deepEqual(log.slice(5), ['freeze ends', 'three begins']);
  three.end();
  await Promise.all(all);
});

test('containers do not wait for each other, and a failure holds nobody up', async () => {
  const log: string[] = [];
  const starts = new ExecStarts();
  const [slow, other, freeze] = ['slow', 'other', 'freeze'].map((name) => work(log, name));
  assert.ok(slow && other && freeze);
  const all = [starts.without('web', slow.run), starts.run('db', other.run)];
  await turn();
  assert.deepEqual(log.toSorted(), ['other begins', 'slow begins']);
  slow.end();
  other.end();
  await Promise.all(all);
  await assert.rejects(
    starts.run('web', () => Promise.reject(new Error('no'))),
    /no/,
  );
  await assert.rejects(
    starts.without('web', () => Promise.reject(new Error('not that either'))),
    /not that/,
  );
  freeze.end();
  await starts.without('web', freeze.run);
});
