import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../json.ts';
import { sampleConfig } from '../testing/sample-container.ts';
import type { Health, HealthcheckConfig } from './health-model.ts';
import {
  afterProbe,
  type HealthCheck,
  healthCheckOf,
  isReady,
  mergeHealthcheck,
  pauseBeforeProbe,
  starting,
  unwatched,
} from './health-state.ts';

const second = 1e9;
const asked = (more: Partial<HealthcheckConfig> = {}): HealthcheckConfig => ({
  test: ['CMD', 'true'],
  interval: 0,
  timeout: 0,
  startPeriod: 0,
  startInterval: 0,
  retries: 0,
  ...more,
});
const checkOf = (healthcheck: HealthcheckConfig, Shell?: Json) =>
  healthCheckOf(sampleConfig({ healthcheck, other: { config: Shell === undefined ? {} : { Shell }, host: {} } }));
const check: HealthCheck = {
  command: ['true'],
  interval: 30_000,
  timeout: 1000,
  startPeriod: 10_000,
  startInterval: 500,
  retries: 3,
};

test('defaults are Docker’s, and durations become milliseconds', () => {
  assert.deepEqual(checkOf(asked()), {
    command: ['true'],
    interval: 30_000,
    timeout: 30_000,
    startPeriod: 0,
    startInterval: 5000,
    retries: 3,
  });
  const own = { interval: second / 4, timeout: second, startPeriod: 2 * second, startInterval: 1e6, retries: 1 };
  assert.deepEqual(checkOf(asked(own)), {
    command: ['true'],
    interval: 250,
    timeout: 1000,
    startPeriod: 2000,
    startInterval: 1,
    retries: 1,
  });
});

test('what is run, if anything is', () => {
  const cases: readonly (readonly [string[], Json | undefined, string[] | undefined])[] = [
    [['CMD', 'curl', '-f', 'x'], undefined, ['curl', '-f', 'x']],
    [['CMD-SHELL', 'a || b'], undefined, ['/bin/sh', '-c', 'a || b']],
    [
      ['CMD-SHELL', 'a'],
      ['/bin/ash', '-ec'],
      ['/bin/ash', '-ec', 'a'],
    ],
    [['CMD-SHELL', 'a'], [], ['/bin/sh', '-c', 'a']],
    [['NONE'], undefined, undefined],
    [['CMD'], undefined, undefined],
    [['HTTP', 'x'], undefined, undefined],
    [[], undefined, undefined],
  ];
  for (const [words, shell, command] of cases) {
    assert.deepEqual(checkOf(asked({ test: words }), shell)?.command, command, words.join(' '));
  }
  assert.equal(healthCheckOf(sampleConfig()), undefined);
});

test('the image’s check stands where nothing was asked for', () => {
  const image = asked({
    test: ['CMD', 'image'],
    interval: 1,
    timeout: 2,
    startPeriod: 3,
    startInterval: 4,
    retries: 5,
  });
  assert.equal(mergeHealthcheck(undefined, undefined), undefined);
  assert.equal(mergeHealthcheck(undefined, image), image);
  const own = asked({ test: [], timeout: 9 });
  assert.equal(mergeHealthcheck(own, undefined), own);
  assert.deepEqual(mergeHealthcheck(own, image), { ...image, timeout: 9 });
  assert.deepEqual(mergeHealthcheck(asked({ test: ['NONE'], retries: 7 }), image)?.test, ['NONE']);
});

test('each result moves the state as Docker does', () => {
  const cases: readonly (readonly [string, number[], string])[] = [
    ['after the start period', [1, 1], 'starting 1,starting 2'],
    ['so many failures', [1, 1, 1, 1], 'starting 1,starting 2,unhealthy 3,unhealthy 4'],
    ['a probe that ran too long', [-1, -1, -1], 'starting 1,starting 2,unhealthy 3'],
    ['success ends a streak', [1, 1, 0, 1], 'starting 1,starting 2,healthy 0,healthy 1'],
    ['healthy until proven otherwise', [0, 1, 1, 1, 0], 'healthy 0,healthy 1,healthy 2,unhealthy 3,healthy 0'],
  ];
  for (const [title, codes, expected] of cases) {
    assert.equal(walk(codes, { start: 10_000 }), expected, title);
  }
});

test('failures in the start period do not count until there was a success', () => {
  assert.equal(walk([1, 1, 1, 1], { start: 9999 }), 'starting 0,starting 0,starting 0,starting 0');
  assert.equal(walk([0, 1, 1, 1], { start: 0 }), 'healthy 0,healthy 1,healthy 2,unhealthy 3');
});

test('the last five results are kept, also over a restart', () => {
  let health = starting(undefined);
  const result = (exitCode: number) => ({ start: 20_000, end: 20_001, exitCode, output: '' });
  for (const exitCode of [1, 2, 3, 4, 5, 6]) health = afterProbe(health, result(exitCode), check, 0);
  const codes = ({ log }: Health) => log.map(({ exitCode }) => exitCode);
  assert.deepEqual(codes(health), [2, 3, 4, 5, 6]);
  assert.deepEqual(starting(health), { status: 'starting', failingStreak: 0, log: health.log });
  assert.deepEqual(unwatched(health), { ...health, status: 'unhealthy' });
});

test('whoever has no check or has passed it is ready', () => {
  const at = (status: Health['status']) => isReady({ status, failingStreak: 0, log: [] });
  assert.deepEqual([isReady(undefined), at('healthy'), at('starting'), at('unhealthy')], [true, true, false, false]);
});

test('checks come more often in the start period, until one has succeeded', () => {
  const at = (status: Health['status'], age: number) =>
    pauseBeforeProbe(check, { status, failingStreak: 0, log: [] }, age);
  assert.deepEqual([at('starting', 0), at('starting', 9999), at('starting', 10_000)], [500, 500, 30_000]);
  assert.deepEqual([at('healthy', 0), at('unhealthy', 0)], [30_000, 30_000]);
});

test('the schedule: from the end of a check to the next one, closer together until the first success or the period’s end', () => {
  const cases: readonly (readonly [string, Partial<HealthCheck>, number[], string])[] = [
    ['a success ends the close ones', {}, [1, 1, 0, 0, 0], '500 1100 1700 31800 61900'],
    ['a failure after it brings none back', {}, [0, 1, 1, 1], '500 30600 60700 90800'],
    [
      'the period ends between two checks',
      { startPeriod: 1500, retries: 2 },
      [1, 1, 1, 1, 1],
      '500 1100 1700 31800 61900',
    ],
    ['the period ends while one runs', { startPeriod: 1150 }, [1, 1, 1, 1], '500 1100 31200 61300'],
    ['no period', { startPeriod: 0 }, [1, 1, 0], '30000 60100 90200'],
    ['longer than the interval', { startInterval: 40_000, startPeriod: 3_600_000 }, [1, 0, 0], '40000 80100 110200'],
    [
      'nothing else counts in the period',
      { startPeriod: 3000, retries: 1 },
      [1, 1, 1, 1, 1],
      '500 1100 1700 2300 2900',
    ],
  ];
  for (const [title, own, codes, expected] of cases)
    assert.equal(schedule({ ...check, ...own }, codes), expected, title);
});

/** When checks begin that end with these exit codes, each after a tenth of a second; milliseconds since the start. */
function schedule(plan: HealthCheck, codes: readonly number[]): string {
  let health = starting(undefined);
  let now = 0;
  const begins = codes.map((exitCode) => {
    const start = now + pauseBeforeProbe(plan, health, now);
    now = start + 100;
    health = afterProbe(health, { start, end: now, exitCode, output: '' }, plan, 0);
    return start;
  });
  return begins.join(' ');
}

/** Status and streak after each of these exit codes; all probes began at one time after the container's start. */
function walk(codes: readonly number[], { start }: { readonly start: number }): string {
  let health = starting(undefined);
  const steps = codes.map((exitCode) => {
    health = afterProbe(health, { start, end: start, exitCode, output: '' }, check, 0);
    return `${health.status} ${health.failingStreak}`;
  });
  return steps.join();
}
