import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@fairlead/base';
import { sampleContainer, sampleTable } from '../testing/sample-container.ts';
import { stopForShutdown } from './shutdown.ts';

const running = (name: string, stopTimeout?: number) => {
  const config = stopTimeout === undefined ? {} : { stopTimeout };
  return sampleContainer({ name, config, state: { status: 'running', pid: 1 } });
};

test('every container that runs is stopped, those too that come up meanwhile', async () => {
  const [first, late, ended] = [running('first'), running('late'), sampleContainer({ name: 'ended' })];
  const table = sampleTable(first, ended);
  const asked: unknown[] = [];
  const stop = async (id: string, options?: object) => {
    asked.push([table.find(id).name, options]);
    table.setState(id, { status: 'exited', pid: 0 });
    if (id === first.id) table.put(late);
  };
  const report = await stopForShutdown({ table, termination: { stop }, logger: silentLogger }, 15);
  assert.deepEqual(report, { stopped: 2, left: [] });
  assert.deepEqual(
    asked,
    ['first', 'late'].map((name) => [name, { isShutdown: true }]),
  );
});

test('who cannot be stopped is told of, and keeps nobody else from it', async () => {
  const [stuck, well] = [running('stuck'), running('well')];
  const table = sampleTable(stuck, well);
  const stop = async (id: string) => {
    if (id === stuck.id) throw new Error('no');
    table.setState(id, { status: 'exited', pid: 0 });
  };
  const report = await stopForShutdown({ table, termination: { stop }, logger: silentLogger }, 15);
  assert.deepEqual(report, { stopped: 1, left: ['stuck'] });
});

test('the machine does not wait longer than it is to', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const table = sampleTable(running('endless', -1));
  const stop = () => new Promise<void>(() => {});
  const report = stopForShutdown({ table, termination: { stop }, logger: silentLogger }, 15);
  context.mock.timers.tick(90_000);
  assert.deepEqual(await report, { stopped: 0, left: ['endless'] });
});
