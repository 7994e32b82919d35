import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shutdownTimeout, stopTimeout } from './stop-timeout.ts';

test('a container gets ten seconds unless it says otherwise', () => {
  assert.deepEqual(
    [undefined, 0, 300, -1].map((seconds) =>
      stopTimeout({ config: { ...(seconds !== undefined && { stopTimeout: seconds }) } }),
    ),
    [10, 0, 300, -1],
  );
});

test('the end of a machine waits for the most patient container, but not for ever', () => {
  const cases: readonly (readonly [asked: number, timeouts: readonly number[], seconds: number])[] = [
    [15, [], 15],
    [15, [10, 10], 15],
    [15, [10, 11], 16],
    [15, [300, 10], 305],
    [60, [10], 60],
    [0, [0], 5],
    [15, [10, -1], 90],
    [-1, [10], 90],
    [15, [-1, 300], 305],
  ];
  for (const [asked, timeouts, seconds] of cases) {
    assert.equal(shutdownTimeout(asked, timeouts), seconds, JSON.stringify([asked, timeouts]));
  }
});
