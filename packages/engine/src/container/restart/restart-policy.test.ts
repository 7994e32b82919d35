import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../model.ts';
import { sampleContainer } from '../testing/sample-container.ts';
import { asksToEnd, delayOfRestart, type Ended, type RestartPolicy, startsWithDaemon } from './restart-policy.ts';

const policy = (name: string, maximumRetryCount = 0): RestartPolicy => ({ name, maximumRetryCount });
const ended = (more: Partial<Ended> = {}): Ended => ({
  exitCode: 1,
  restartCount: 0,
  ranFor: 50,
  ...more,
});

test('the policy decides by exit code, count and what somebody asked for', () => {
  const stopped = { manuallyStopped: true };
  const cases: readonly (readonly [RestartPolicy, Partial<Ended>, number | undefined])[] = [
    [policy('no'), {}, undefined],
    [policy(''), {}, undefined],
    [policy('always'), {}, 100],
    [policy('always'), { exitCode: 0 }, 100],
    [policy('always'), stopped, 100],
    [policy('always'), { endRequested: true }, undefined],
    [policy('unless-stopped'), {}, 100],
    [policy('unless-stopped'), { exitCode: 0 }, 100],
    [policy('unless-stopped'), stopped, undefined],
    [policy('unless-stopped'), { endRequested: true }, undefined],
    [policy('on-failure'), {}, 100],
    [policy('on-failure'), { exitCode: 0 }, undefined],
    [policy('on-failure'), { exitCode: 137, ...stopped }, 100],
    [policy('on-failure'), { exitCode: 137, endRequested: true }, undefined],
    [policy('on-failure'), { restartCount: 1000 }, 100],
    [policy('on-failure', 3), { restartCount: 2 }, 100],
    [policy('on-failure', 3), { restartCount: 3 }, undefined],
    [policy('on-failure', 3), { restartCount: 2, exitCode: 0 }, undefined],
  ];
  for (const [asked, more, delay] of cases) {
    assert.equal(delayOfRestart(asked, ended(more)), delay, JSON.stringify([asked, more]));
  }
});

test('each restart waits twice as long as the one before, up to a minute', () => {
  const delays: number[] = [];
  let restartDelay: number | undefined;
  for (let restartCount = 0; restartCount < 12; restartCount++) {
    restartDelay = delayOfRestart(policy('always'), ended({ restartCount, ...(restartDelay && { restartDelay }) }));
    delays.push(restartDelay ?? Number.NaN);
  }
  const expected = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000];
  assert.deepEqual(delays, expected);
});

test('who has run for ten seconds begins anew', () => {
  const after = (ranFor: number) => delayOfRestart(policy('always'), ended({ restartDelay: 6400, ranFor }));
  assert.deepEqual([9999, 10_000, 3_600_000].map(after), [12_800, 100, 100]);
});

test('a daemon that starts brings back what its policy wants', () => {
  const once: Partial<ContainerState> = { status: 'exited', startedAt: 1 };
  const cases: readonly (readonly [RestartPolicy, Partial<ContainerState>, boolean])[] = [
    [policy('no'), once, false],
    [policy('always'), once, true],
    [policy('always'), { ...once, manuallyStopped: true }, true],
    [policy('always'), { status: 'created' }, false],
    [policy('always'), { ...once, status: 'running' }, false],
    [policy('always'), { ...once, status: 'paused' }, false],
    [policy('always'), { ...once, status: 'restarting' }, false],
    [policy('always'), { ...once, status: 'removing' }, false],
    [policy('always'), { ...once, status: 'dead' }, false],
    [policy('unless-stopped'), once, true],
    [policy('unless-stopped'), { ...once, manuallyStopped: true }, false],
    [policy('on-failure'), once, false],
    [policy('on-failure'), { ...once, exitCode: 255 }, true],
    [policy('on-failure', 2), { ...once, exitCode: 1, restartCount: 1 }, true],
    [policy('on-failure', 2), { ...once, exitCode: 1, restartCount: 2 }, false],
  ];
  for (const [restartPolicy, state, starts] of cases) {
    const container = sampleContainer({ host: { restartPolicy }, state });
    assert.equal(startsWithDaemon(container), starts, JSON.stringify([restartPolicy, state]));
  }
});

test('which signals ask a container to end', () => {
  const [kill, terminate, quit, hangUp] = [9, 15, 3, 1];
  assert.deepEqual(
    [kill, terminate, hangUp].map((signal) => asksToEnd(signal, undefined)),
    [true, true, true],
  );
  assert.deepEqual(
    [kill, terminate, quit].map((signal) => asksToEnd(signal, quit)),
    [true, false, true],
  );
});
