import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WaitCondition } from '../container-port.ts';
import { ExitWatch } from './exit-watch.ts';

/** Who of those that wait has been told what, by now. */
function waiters(watch: ExitWatch, id: string, ...conditions: WaitCondition[]) {
  const told = new Map<string, number>();
  for (const condition of conditions) {
    void watch.wait(id, condition).then(({ exitCode }) => told.set(condition, exitCode));
  }
  return async () => {
    await new Promise(setImmediate);
    return Object.fromEntries(told);
  };
}

const all: WaitCondition[] = ['not-running', 'next-exit', 'removed'];

test('an exit is told to all but those who wait for the removal', async () => {
  const watch = new ExitWatch();
  const told = waiters(watch, 'a', ...all);
  assert.deepEqual(await told(), {});
  watch.exited('a', { exitCode: 3 });
  assert.deepEqual(await told(), { 'not-running': 3, 'next-exit': 3 });
  watch.removed('a', { exitCode: 3 });
  assert.deepEqual(await told(), { 'not-running': 3, 'next-exit': 3, removed: 3 });
});

test('a removal without an exit is told to everybody: nothing else will come', async () => {
  const watch = new ExitWatch();
  const told = waiters(watch, 'a', ...all);
  watch.removed('a', { exitCode: 0 });
  assert.deepEqual(await told(), { 'not-running': 0, 'next-exit': 0, removed: 0 });
});

test('other containers, later waits and nobody at all are left alone', async () => {
  const watch = new ExitWatch();
  watch.exited('a', { exitCode: 1 });
  const told = waiters(watch, 'a', 'next-exit');
  watch.exited('b', { exitCode: 2 });
  watch.removed('b', { exitCode: 2 });
  assert.deepEqual(await told(), {});
  watch.exited('a', { exitCode: 4 });
  watch.exited('a', { exitCode: 5 });
  assert.deepEqual(await told(), { 'next-exit': 4 });
});
