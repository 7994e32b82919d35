import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskProcess } from '@fairlead/runtime';
import { sampleContainer } from '../testing/sample-container.ts';
import { foundTasks } from './found-tasks.ts';

const task = (containerId: string): TaskProcess => {
  return { containerId, execId: '', pid: 7, state: 'running', terminal: false, exit: undefined };
};
const running = (id: string) => {
  const container = sampleContainer({ id });
  return { ...container, state: { ...container.state, status: 'running' as const, pid: 7 } };
};

test('a container whose process is there is asked for until containerd tells of it', async () => {
  let asked = 0;
  const ask = async (id: string) => (++asked < 3 ? undefined : task(id));
  const found = await foundTasks([task('a')], [running('a'), running('b')], { ask, lives: () => true });
  assert.deepEqual([...found.keys()], ['a', 'b']);
  assert.equal(asked, 3);
});

test('nobody is asked for whose process has gone, nor for ever', async () => {
  const asked: string[] = [];
  const ask = async (id: string) => {
    asked.push(id);
    return undefined;
  };
  const stopped = sampleContainer({ id: 'c' });
  assert.equal((await foundTasks([], [running('a'), stopped], { ask, lives: () => false })).size, 0);
  assert.deepEqual(asked, []);
  assert.equal((await foundTasks([], [running('b')], { ask, lives: () => true, patience: 0 })).size, 0);
  assert.ok(asked.length > 0);
});
