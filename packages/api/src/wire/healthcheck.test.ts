import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState, Health } from '@fairlead/engine';
import { statusText } from './container-summary.ts';
import { healthWord, presentHealth, presentHealthcheck } from './healthcheck.ts';

const state = (status: Health['status'] | undefined): ContainerState => ({
  status: 'running',
  pid: 1,
  exitCode: 0,
  error: '',
  oomKilled: false,
  restartCount: 0,
  startedAt: 0,
  ...(status && { health: { status, failingStreak: 0, log: [] } }),
});

test('health stands behind the time in the list, and in one word in filters', () => {
  const texts = ([undefined, 'starting', 'healthy', 'unhealthy'] as const).map((status) => [
    statusText(state(status), 5000),
    healthWord(state(status)),
  ]);
  assert.deepEqual(texts, [
    ['Up 5 seconds', 'none'],
    ['Up 5 seconds (health: starting)', 'starting'],
    ['Up 5 seconds (healthy)', 'healthy'],
    ['Up 5 seconds (unhealthy)', 'unhealthy'],
  ]);
  assert.equal(statusText({ ...state('healthy'), status: 'paused' }, 5000), 'Up 5 seconds (Paused)');
});

test('what inspect shows of a check and of its results', () => {
  const check = { test: ['CMD', 'a'], interval: 1e9, timeout: 0, startPeriod: 0, startInterval: 0, retries: 2 };
  assert.deepEqual(presentHealthcheck(check), { Test: ['CMD', 'a'], Interval: 1e9, Retries: 2 });
  const log = [{ start: 1000, end: 1250, exitCode: -1, output: 'late' }];
  assert.deepEqual(presentHealth({ status: 'unhealthy', failingStreak: 3, log }), {
    Status: 'unhealthy',
    FailingStreak: 3,
    Log: [{ Start: '1970-01-01T00:00:01Z', End: '1970-01-01T00:00:01.25Z', ExitCode: -1, Output: 'late' }],
  });
});
