import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Task } from '../swarm/tasks.ts';
import { gaugeOf } from './gauge.ts';
import type { Service, ServiceMode } from './wire.ts';

const meta = { Version: { Index: 1 }, CreatedAt: '', UpdatedAt: '' };

function read(mode: ServiceMode, tasks: readonly Task[], options: { iteration?: number; isRollback?: boolean } = {}) {
  const service: Service = {
    ...meta,
    ID: 's',
    Spec: { TaskTemplate: {}, Mode: mode },
    ...(options.iteration !== undefined && { JobStatus: { JobIteration: { Index: options.iteration } } }),
  };
  const { lines, isDone } = gaugeOf(service)(tasks, new Set(['n']), options.isRollback ?? false);
  return [lines.map(({ id, status }) => `${id}: ${status}`), isDone] as const;
}

function task(Slot: number, State: string, more: Partial<Task> & { Err?: string } = {}): Task {
  const { Err = '', ...rest } = more;
  return {
    ...meta,
    ID: `t${Slot}`,
    Spec: {},
    ServiceID: 's',
    NodeID: 'n',
    Slot,
    Status: { Timestamp: '', State, Err },
    DesiredState: 'running',
    ...rest,
  };
}

const two: ServiceMode = { Replicated: { Replicas: 2 } };

test('replicas are counted by slot, the one that is to stay before the one that goes', () => {
  const tasks = [task(1, 'running'), task(4, 'shutdown', { DesiredState: 'shutdown' }), task(4, 'starting')];
  assert.deepEqual(read(two, tasks), [['overall progress: 1 out of 2 tasks', '1/2: running', '2/2: starting'], false]);
  assert.deepEqual(read(two, [task(1, 'running'), task(2, 'running')], { isRollback: true }), [
    ['overall progress: rolling back update: 2 out of 2 tasks', '1/2: running', '2/2: running'],
    true,
  ]);
});

test('a slot without a task and one with an error are shown as such', () => {
  const Err = 'No such image:\nnothing';
  assert.deepEqual(read(two, [task(1, 'rejected', { Err })])[0].slice(1), ['1/2: No such image: nothing', '2/2:  ']);
});

test('tasks on nodes that are down do not count', () => {
  assert.deepEqual(read(two, [task(1, 'running', { NodeID: 'other' })])[0][0], 'overall progress: 0 out of 2 tasks');
});

test('no replicas are there at once, a global service waits for its first task', () => {
  assert.deepEqual(read({ Replicated: { Replicas: 0 } }, []), [['overall progress: 0 out of 0 tasks'], true]);
  assert.deepEqual(read({ Global: {} }, []), [['overall progress: waiting for new tasks'], false]);
  assert.deepEqual(read({ Global: {} }, [task(0, 'running')]), [
    ['overall progress: 1 out of 1 tasks', 'n: running'],
    true,
  ]);
});

test('a job counts what is complete of its own iteration', () => {
  const job: ServiceMode = { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: 10 } };
  const own = { JobIteration: { Index: 3 } };
  const tasks = [
    task(0, 'complete', own),
    task(1, 'running', own),
    task(2, 'complete', { JobIteration: { Index: 2 } }),
  ];
  assert.deepEqual(read(job, tasks, { iteration: 3 }), [
    ['job progress:  1 out of 10 complete', 'active tasks: 1 out of 2 tasks', '1/10: complete', '2/10: running'],
    false,
  ]);
  assert.deepEqual(read({ GlobalJob: {} }, [task(0, 'complete')], { iteration: 0 })[1], true);
});
