import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText } from './health-probe.ts';

test('durations are written as Go does', () => {
  const texts = [1, 250, 1000, 1500, 30_000, 60_000, 90_000, 3_600_000, 5_415_250].map(durationText);
  assert.deepEqual(texts, ['1ms', '250ms', '1s', '1.5s', '30s', '1m0s', '1m30s', '1h0m0s', '1h30m15.25s']);
});
