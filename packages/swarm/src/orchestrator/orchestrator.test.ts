import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Store } from '@fairlead/store';
import type { ServiceSpec } from '../service/service-model.ts';
import { emptyRequest, rig } from '../testing/swarm-rig.ts';

const web: ServiceSpec = {
  ...{ name: 'web', labels: {}, mode: { replicated: { replicas: 2 } } },
  taskTemplate: {
    containerSpec: { image: 'busybox', env: ['NAME={{.Service.Name}}.{{.Task.Slot}}'] },
    restartPolicy: { delay: 1 },
    forceUpdate: 0,
  },
};

/** Wait until something is so, for there are timers in between. */
async function until(test: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !test(); round++) await sleep(4);
  assert.ok(test(), String(test));
}

async function started(store?: Store) {
  const parts = rig(store);
  if (parts.swarm.status === 'inactive') await parts.swarm.init(emptyRequest);
  const { services, tasks } = parts.swarm.manager();
  const states = () => tasks.list().map(({ task }) => `${task.slot} ${task.status.state}>${task.desiredState}`);
  const running = () => states().filter((state) => state.endsWith('running>running')).length;
  return { ...parts, services, tasks, states, running };
}

test('tasks run with names, templates and networks of their service, and are its backends', async () => {
  const { swarm, services, running, runtime, networks } = await started();
  const id = services.create({ ...web, taskTemplate: { ...web.taskTemplate, networks: [{ target: 'app' }] } });
  await until(() => running() === 2 && networks.told.get(id)?.length === 2);
  const [order] = [...runtime.containers.values()].map((container) => container.order);
  assert.match(order?.name ?? '', /^web\.1\.[0-9a-z]{25}$/);
  assert.deepEqual(order?.spec.containerSpec?.env, ['NAME=web.1']);
  assert.deepEqual(order?.networks, [{ id: 'app-id', aliases: [], driverOptions: {} }]);
  assert.match(services.inspect('web').virtualIps[0]?.address ?? '', /^10\.0\.1\.\d+\/24$/);
  services.remove('web');
  await until(() => runtime.containers.size === 0 && networks.told.size === 0);
  await swarm[Symbol.asyncDispose]();
});

test('tasks whose ports are published are on the network by which these come, first of all', async () => {
  const { swarm, services, running, runtime } = await started();
  services.create({
    ...web,
    taskTemplate: { ...web.taskTemplate, networks: [{ target: 'app' }] },
    endpointSpec: { ports: [{ targetPort: 80, publishedPort: 8080, protocol: 'tcp', publishMode: 'ingress' }] },
  });
  await until(() => running() === 2);
  const [order] = [...runtime.containers.values()].map((container) => container.order);
  assert.deepEqual(
    order?.networks.map(({ id }) => id),
    ['ingress-id', 'app-id'],
  );
  await swarm[Symbol.asyncDispose]();
});

test('what the network could not be told it is told again, and nobody waits for that', async () => {
  const { swarm, services, running, states, networks } = await started();
  networks.refusals = 1000;
  const id = services.create(web);
  await until(() => running() === 2);
  assert.equal(networks.told.size, 0);
  networks.refusals = 0;
  await until(() => networks.told.get(id)?.length === 2);
  networks.refusals = 1000;
  services.remove('web');
  await until(() => states().length === 0);
  services.create({ ...web, name: 'next' });
  await until(() => running() === 2);
  assert.ok(networks.told.has(id));
  networks.refusals = 0;
  await until(() => !networks.told.has(id) && networks.told.size === 1);
  await swarm[Symbol.asyncDispose]();
});

test('what a task was reached by stays known after its end', async () => {
  const { swarm, services, running, runtime, tasks } = await started();
  const reached = {
    ports: [{ protocol: 'tcp', targetPort: 80, publishedPort: 32768 }],
    attachments: [{ networkId: 'app-id', addresses: ['10.0.1.9/24'] }],
  } as const;
  runtime.reached = () => reached;
  services.create(web);
  await until(() => running() === 2);
  runtime.end([...runtime.containers.keys()][0] ?? '', 3);
  const failed = () => tasks.list().find(({ task }) => task.status.state === 'failed')?.task.status;
  await until(() => failed() !== undefined);
  assert.deepEqual([failed()?.ports, failed()?.attachments], [reached.ports, reached.attachments]);
  await swarm[Symbol.asyncDispose]();
});

test('a container that ends is followed by another one', async () => {
  const { swarm, services, running, states, runtime } = await started();
  services.create(web);
  await until(() => running() === 2);
  runtime.end([...runtime.containers.keys()][0] ?? '', 3);
  await until(() => running() === 2 && states().includes('1 failed>shutdown'));
  await swarm[Symbol.asyncDispose]();
});

test('a daemon that comes back takes the containers over that run, and makes none twice', async () => {
  using store = Store.open(':memory:');
  const first = await started(store);
  first.services.create(web);
  await until(() => first.running() === 2);
  await first.swarm[Symbol.asyncDispose]();
  const [gone] = first.runtime.containers.keys();
  const second = await started(store);
  for (const [id, container] of first.runtime.containers) if (id !== gone) second.runtime.containers.set(id, container);
  await second.swarm.resume();
  await until(() => second.running() === 2 && second.runtime.done.length > 0);
  assert.equal(second.runtime.done.length, 1);
  await second.swarm[Symbol.asyncDispose]();
});

test('what cannot be had is said of the task', async () => {
  const { swarm, services, tasks, runtime } = await started();
  runtime.missing.add('nothing');
  const { containerSpec, ...template } = web.taskTemplate;
  services.create({
    ...web,
    taskTemplate: {
      ...template,
      containerSpec: { ...containerSpec, image: 'nothing' },
      restartPolicy: { condition: 'none' },
    },
  });
  await until(() => tasks.list().filter(({ task }) => task.status.error === 'No such image: nothing').length === 2);
  services.create({
    ...web,
    name: 'far',
    taskTemplate: { ...web.taskTemplate, placement: { constraints: ['node.role==worker'] } },
  });
  const words = 'no suitable node (scheduling constraints not satisfied on 1 node)';
  await until(() => tasks.list().filter(({ task }) => task.status.error === words).length === 2);
  await swarm[Symbol.asyncDispose]();
});

test('an update replaces tasks, and scaling does not', async () => {
  const { swarm, services, running, runtime } = await started();
  const updateConfig = { parallelism: 0, monitor: 1, maxFailureRatio: 0, order: 'stop-first' } as const;
  const spec = { ...web, updateConfig, rollbackConfig: updateConfig };
  services.create(spec);
  await until(() => running() === 2);
  const former = new Set(runtime.containers.keys());
  const versionOf = () => services.inspect('web').version;
  services.update('web', versionOf(), { ...spec, mode: { replicated: { replicas: 3 } } });
  await until(() => running() === 3);
  assert.equal(services.inspect('web').updateStatus, undefined);
  services.update('web', versionOf(), { ...spec, taskTemplate: { ...spec.taskTemplate, forceUpdate: 1 } });
  await until(() => services.inspect('web').updateStatus?.state === 'completed');
  const live = [...runtime.containers.values()].filter(({ state }) => state === 'running');
  assert.deepEqual([live.length, live.some(({ id }) => former.has(id))], [2, false]);
  assert.throws(() => services.update('web', 1, spec), /update out of sequence/);
  services.update('web', versionOf(), spec, { rollsBack: true });
  await until(() => services.inspect('web').updateStatus?.state === 'rollback_completed');
  await swarm[Symbol.asyncDispose]();
});
