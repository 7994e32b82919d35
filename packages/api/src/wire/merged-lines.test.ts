import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '@fairlead/engine';
import { FollowedLogs, mergedInTime } from './merged-lines.ts';

function line(seconds: string): LogLine {
  return { stream: 'stdout', data: Buffer.from(`${seconds}\n`), time: `2026-01-01T00:00:${seconds}Z` };
}

/** Batches of lines, and how many of them have been read. */
function log(...batches: readonly string[][]) {
  const state = { read: 0, left: false };
  const lines = (async function* () {
    try {
      for (const batch of batches) {
        state.read++;
        yield batch.map(line);
      }
    } finally {
      state.left = true;
    }
  })();
  return { state, lines };
}

const textOf = (lines: readonly LogLine[]) => lines.map(({ data }) => String(data).trim());

test('logs are put together in the order of their times, whatever their fractions look like', async () => {
  const [a, b, c] = [log(['01', '01.12'], ['03']), log([], ['01.1', '01.100000001', '02']), log()];
  const merged = (await Array.fromAsync(mergedInTime([a.lines, b.lines, c.lines]))).flatMap(textOf);
  assert.deepEqual(merged, ['01', '01.1', '01.100000001', '01.12', '02', '03']);
});

test('no more than a batch of each is held, and all are left with the reader', async () => {
  const logs = [log(['01'], ['03'], ['05']), log(['02'], ['04'], ['06'])];
  for await (const _ of mergedInTime(logs.map(({ lines }) => lines))) break;
  assert.deepEqual(
    logs.map(({ state }) => state),
    [
      { read: 1, left: true },
      { read: 1, left: true },
    ],
  );
});

test('a log that is followed waits until what it had was taken', async () => {
  const logs = new FollowedLogs();
  const { lines, state } = log(['01'], ['02'], ['03']);
  logs.add(lines);
  const taken: string[][] = [];
  for (let count = 0; count < 3; count++) {
    await logs.news;
    assert.equal(state.read, count + 1);
    taken.push(textOf(logs.take()));
  }
  assert.deepEqual(taken, [['01'], ['02'], ['03']]);
});

test('what one of them cannot be read for is told', async () => {
  const logs = new FollowedLogs();
  const broken = (async function* (): AsyncGenerator<readonly LogLine[]> {
    yield [line('01')];
    throw new Error('the disk is gone');
  })();
  logs.add(broken);
  await logs.news;
  assert.deepEqual(textOf(logs.take()), ['01']);
  await logs.news;
  assert.throws(() => logs.take(), { message: 'the disk is gone' });
});
