import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SwarmNode } from '../model.ts';
import type { Service } from '../service/service-model.ts';
import type { Task, TaskState } from '../task/task-model.ts';
import { planService } from './plan.ts';
import type { Plan } from './slots.ts';

/** What is wanted of tasks, by what there is: each task in one word, `1 running>shutdown` is slot, state and desired state. */

const node: SwarmNode = {
  ...{ id: 'n1', version: 1, created: 0, updated: 0, address: '192.0.2.1' },
  spec: { labels: { zone: 'a' }, role: 'manager', availability: 'active' },
  description: {
    ...{ hostname: 'h', architecture: 'x86_64', os: 'linux', nanoCpus: 2e9, memory: 4e9 },
    ...{ engineVersion: '0.0.0', engineLabels: {}, plugins: [] },
  },
};

const template = { containerSpec: { image: 'busybox' }, forceUpdate: 0, restartPolicy: { delay: 5e9 } } as const;
const fresh = { ...template, forceUpdate: 1 };
const NOW = 1_000_000;

function service(more: Partial<Omit<Service, 'spec'>> & { readonly spec?: Partial<Service['spec']> } = {}): Service {
  const spec = { name: 'web', labels: {}, taskTemplate: template, mode: { replicated: { replicas: 2 } }, ...more.spec };
  const stamps = { id: 's1', version: 1, created: 0, updated: 0, specVersion: 0 };
  return { ...stamps, ports: [], virtualIps: [], ...more, spec };
}

/** `SLOT STATE>DESIRED [old] [@AGE]`, the age in milliseconds. */
function tasks(...words: readonly string[]): Task[] {
  return words.map((word, index) => {
    const [, slot = '', state = '', desired = '', old, age = '60000'] =
      /^(\w+) (\w+)>(\w+)( old)?(?: @(\d+))?$/.exec(word) ?? [];
    const created = NOW - Number(age);
    return {
      ...{ id: `t${index}`, version: index, created, updated: 0, serviceId: 's1', nodeId: 'n1', endpoint: '' },
      ...(slot !== 'n' && { slot: Number(slot) }),
      ...{ spec: old ? template : fresh, specVersion: old ? 0 : 1 },
      status: { state: state as TaskState, timestamp: created, message: '' },
      desiredState: desired as TaskState,
    };
  });
}

function plan(input: Service, present: readonly Task[], more: { node?: SwarmNode; limit?: number } = {}): Plan {
  const orchestration = { taskHistoryRetentionLimit: more.limit ?? 5 };
  return planService({ service: input, tasks: present, node: more.node ?? node, orchestration, now: NOW });
}

/** Changes in words. */
function words({ changes, update }: Plan): string[] {
  const told = changes.map((change) => {
    if (change.kind !== 'create') {
      const state = change.kind === 'desire' ? ` ${change.state}` : '';
      return `${change.kind} ${change.task.id}${state}`;
    }
    const wait = change.notBefore === undefined ? '' : ` in ${change.notBefore - NOW}`;
    return `create ${change.slot ?? 'n'} ${change.desired}${wait}`;
  });
  return [...told, ...(update === undefined ? [] : [`update ${update.status.state}`])];
}

const now = { taskTemplate: fresh };
const updated = { spec: now, specVersion: 1 };
const updating = { ...updated, updateStatus: { state: 'updating', startedAt: NOW - 30_000, message: '' } } as const;
const drained = { ...node, spec: { ...node.spec, availability: 'drain' } } as SwarmNode;
const job = {
  specVersion: 1,
  jobIteration: 1,
  spec: { mode: { replicatedJob: { maxConcurrent: 2, totalCompletions: 3 } } },
};

const cases: readonly (readonly [
  what: string,
  input: Service,
  present: readonly Task[],
  wanted: readonly string[],
  more?: object,
])[] = [
  ['none yet', service(), [], ['create 1 running', 'create 2 running']],
  ['all there', service(updated), tasks('1 running>running', '2 running>running'), []],
  [
    'one too many',
    service(updated),
    tasks('1 running>running', '2 running>running', '3 running>running'),
    ['desire t2 remove'],
  ],
  [
    'one that leaves',
    service(updated),
    tasks('1 running>running', '2 running>running', '3 shutdown>remove'),
    ['forget t2'],
  ],
  [
    'none wanted',
    service({ ...updated, spec: { ...now, mode: { replicated: { replicas: 0 } } } }),
    tasks('1 running>running'),
    ['desire t0 remove'],
  ],
  [
    'a failed one',
    service(updated),
    tasks('1 failed>running @1000', '2 running>running'),
    ['desire t0 shutdown', 'create 1 ready in 4000'],
  ],
  [
    'a failed one, long ago',
    service(updated),
    tasks('1 failed>running', '2 running>running'),
    ['desire t0 shutdown', 'create 1 ready in 0'],
  ],
  [
    'one that waits',
    service(updated),
    tasks('1 failed>shutdown', '1 ready>ready', '2 running>running'),
    ['desire t1 running'],
  ],
  [
    'a node that is drained',
    service(updated),
    tasks('1 running>running', '2 shutdown>shutdown'),
    ['desire t0 shutdown', 'create 2 ready in 0'],
    { node: drained },
  ],
  [
    'a removed service',
    service({ removed: true }),
    tasks('1 running>running', '2 shutdown>remove', '1 running>remove'),
    ['desire t0 remove', 'forget t1'],
  ],
  [
    'a long history',
    service(updated),
    tasks('1 failed>shutdown', '1 failed>shutdown', '1 running>running', '2 running>running'),
    ['forget t0'],
    { limit: 1 },
  ],
  ['one of each node', service({ ...updated, spec: { ...now, mode: { global: {} } } }), [], ['create n running']],
  [
    'a node that is not meant',
    service({
      ...updated,
      spec: { taskTemplate: { ...fresh, placement: { constraints: ['node.labels.zone==b'] } }, mode: { global: {} } },
    }),
    tasks('n running>running'),
    ['desire t0 remove'],
  ],
  [
    'an update that begins',
    service(updated),
    tasks('1 running>running old', '2 running>running old'),
    ['update updating'],
  ],
  [
    'an update, one at a time',
    service(updating),
    tasks('1 running>running old', '2 running>running old'),
    ['desire t0 shutdown', 'create 1 ready'],
  ],
  [
    'an update under way',
    service(updating),
    tasks('1 shutdown>shutdown old', '1 starting>running @10', '2 running>running old'),
    [],
  ],
  [
    'an update that goes on',
    service(updating),
    tasks('1 shutdown>shutdown old', '1 running>running @10', '2 running>running old'),
    ['desire t2 shutdown', 'create 2 ready'],
  ],
  ['an update that is looked at', service(updating), tasks('1 running>running @1000', '2 running>running @1000'), []],
  [
    'an update that is over',
    service(updating),
    tasks('1 running>running @9000', '2 running>running @9000'),
    ['update completed'],
  ],
  [
    'an update that fails',
    service(updating),
    tasks('1 shutdown>shutdown old', '1 failed>running @10', '2 running>running old'),
    ['desire t1 shutdown', 'create 1 ready in 4990', 'update paused'],
  ],
  [
    'a paused update',
    service({ ...updating, updateStatus: { ...updating.updateStatus, state: 'paused' } }),
    tasks('1 running>running', '2 running>running old'),
    [],
  ],
  [
    'a first start',
    service({
      ...updating,
      spec: { ...now, updateConfig: { parallelism: 2, maxFailureRatio: 0, order: 'start-first' } },
    }),
    tasks('1 running>running old', '2 running>running old'),
    ['create 1 running', 'create 2 running'],
  ],
  [
    'a first start that runs',
    service({
      ...updating,
      spec: { ...now, updateConfig: { parallelism: 1, maxFailureRatio: 0, order: 'start-first' } },
    }),
    tasks('1 running>running old', '1 running>running @10', '2 running>running'),
    ['desire t0 shutdown'],
  ],
  ['a job, so many at once', service(job), [], ['create 0 complete', 'create 1 complete']],
];

for (const [what, input, present, wanted, more] of cases) {
  test(`what a service needs: ${what}`, () => {
    assert.deepEqual(words(plan(input, present, more)), wanted);
  });
}

test('a policy decides whether a task that has ended is followed by another one', () => {
  const onFailure = (list: Task[], maxAttempts = 0) =>
    list.map((task) => ({
      ...task,
      spec: { ...task.spec, restartPolicy: { condition: 'on-failure', maxAttempts } as const },
    }));
  const complete = onFailure(tasks('1 complete>running', '2 running>running'));
  assert.deepEqual(words(plan(service(updated), complete)), ['desire t0 shutdown']);
  const decided = onFailure(tasks('1 complete>shutdown', '2 running>running'));
  assert.deepEqual(words(plan(service(updated), decided)), []);
  const [first, second, other] = onFailure(tasks('1 failed>shutdown', '1 failed>running', '2 running>running'), 1);
  const tried = [first, second && { ...second, notBefore: 1 }, other].filter((task) => task !== undefined);
  assert.deepEqual(words(plan(service(updated), tried)), ['desire t1 shutdown']);
});

test('a failing update takes the specification before it, where that is asked for', () => {
  const spec = {
    ...now,
    updateConfig: { parallelism: 1, failureAction: 'rollback', maxFailureRatio: 0, order: '' },
  } as const;
  const failing = service({ ...updating, spec, previousSpec: service().spec });
  const { update } = plan(failing, tasks('1 failed>running @10', '2 running>running old'));
  assert.deepEqual([update?.status.state, update?.rollsBack], ['rollback_started', true]);
  assert.match(update?.status.message ?? '', /^update rolled back due to failure or early termination of task t0$/);
});

test('a job goes on to its end, and is over then', () => {
  const input = service(job);
  const of = (...list: string[]) => tasks(...list).map((task) => ({ ...task, jobIteration: 1 }));
  assert.deepEqual(words(plan(input, of('0 complete>complete', '1 running>complete'))), ['create 2 complete']);
  assert.deepEqual(words(plan(input, of('0 complete>complete', '1 complete>complete', '2 complete>complete'))), []);
  const [former] = tasks('0 complete>complete');
  assert.deepEqual(words(plan(input, former === undefined ? [] : [{ ...former, jobIteration: 0 }]))[0], 'forget t0');
});
