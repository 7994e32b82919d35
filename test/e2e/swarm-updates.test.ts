import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from './engine-host.ts';

/** How tasks of a service follow each other: health, order, failing updates, jobs on every node, logs over a replacement. */

let engine: EngineHost;

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trim();

before(async () => {
  engine = await EngineHost.start();
  await docker('swarm', 'init');
  await docker('network', 'create', '-d', 'overlay', '--attachable', '--ipv6', 'app');
  await docker('run', '-d', '--name', 'asker', '--network', 'app', 'busybox', 'sleep', '1000');
});

after(() => engine[Symbol.asyncDispose]());

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let round = 0; round < 450; round++) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail(`not within 45 seconds: ${what}`);
}

const idle = 'trap "exit 0" TERM; sleep 1000 & wait';

async function create(name: string, flags: readonly string[], command: string): Promise<void> {
  const patience = ['--restart-delay', '200ms', '--stop-grace-period', '1s'];
  await docker('service', 'create', '-d', '--name', name, ...patience, ...flags, 'busybox', 'sh', '-c', command);
}

const replicas = (name: string) => docker('service', 'ls', '--filter', `name=${name}`, '--format', '{{.Replicas}}');
const state = (name: string) => docker('service', 'inspect', name, '--format', '{{.UpdateStatus.State}}');
const taskOf = async (name: string) =>
  (await docker('ps', '-q', '--no-trunc', '--filter', `label=com.docker.swarm.service.name=${name}`)).split('\n')[0] ??
  '';

async function addresses(name: string): Promise<string[]> {
  const text = await docker('exec', 'asker', 'sh', '-c', `nslookup tasks.${name} 127.0.0.11; true`);
  return [...text.matchAll(/^Address[^:]*: (\S+)$/gm)].map(([, it = '']) => it).filter((it) => !it.startsWith('127.'));
}

test('a task counts as running, and has a name in both families, once it is healthy', async () => {
  const health = ['--health-cmd', 'test -e /well', '--health-interval', '200ms', '--health-retries', '100'];
  await create('checked', [...health, '--network', 'app'], idle);
  await until(async () => (await taskOf('checked')) !== '', 'its container runs');
  await sleep(500);
  assert.equal(await replicas('checked'), '0/1');
  assert.match(await docker('service', 'ps', 'checked', '--format', '{{.CurrentState}}'), /^Starting/);
  assert.deepEqual(await addresses('checked'), []);
  await docker('exec', await taskOf('checked'), 'touch', '/well');
  await until(async () => (await replicas('checked')) === '1/1', 'it runs');
  const [first = '', second = '', ...others] = (await addresses('checked')).sort();
  assert.deepEqual([first.includes(':'), second.includes(':'), others.length].sort(), [0, false, true].sort());
});

test('a task that becomes unhealthy is followed by another one', async () => {
  const former = await taskOf('checked');
  await docker('service', 'update', '-d', '--health-retries', '2', '--update-monitor', '200ms', 'checked');
  await until(async () => ![former, ''].includes(await taskOf('checked')), 'it is replaced');
  await docker('service', 'rm', 'checked');
});

test('with start-first the new task runs before the old one is stopped', async () => {
  const order = ['--update-order', 'start-first', '--update-monitor', '300ms'];
  // A container that says when it ends, and takes its time.
  await create('early', [...order, '--network', 'app'], 'trap "sleep 0.5; exit 0" TERM; sleep 1000 & wait');
  await until(async () => (await replicas('early')) === '1/1', 'it runs');
  const former = await taskOf('early');
  const since = (await engine.host.exec('date', '+%s.%N')).trim();
  await docker('service', 'update', '-d', '--env-add', 'A=b', 'early');
  await until(async () => (await state('early')) === 'completed', 'it is updated');
  await until(async () => ![former, ''].includes(await taskOf('early')), 'the former one is gone');
  const until_ = (await engine.host.exec('date', '+%s.%N')).trim();
  const filters = [
    '--filter',
    'event=start',
    '--filter',
    'event=kill',
    '--filter',
    'label=com.docker.swarm.service.name=early',
  ];
  const events = await docker('events', '--since', since, '--until', until_, ...filters, '--format', '{{.Action}}');
  assert.deepEqual(events.split('\n').slice(0, 2), ['start', 'kill']);
  await docker('service', 'rm', 'early');
});

test('a failing update takes the former specification when it is told to', async () => {
  const flags = ['--update-failure-action', 'rollback', '--update-monitor', '1s', '--rollback-monitor', '300ms'];
  await create('careful', [...flags, '--replicas', '2', '--env', 'A=good'], 'test "$A" = good || exit 3; sleep 1000');
  await until(async () => (await replicas('careful')) === '2/2', 'it runs');
  await docker('service', 'update', '-d', '--env-add', 'A=bad', 'careful');
  await until(async () => (await state('careful')) === 'rollback_completed', 'it is rolled back');
  assert.equal(
    await docker('service', 'inspect', 'careful', '--format', '{{json .Spec.TaskTemplate.ContainerSpec.Env}}'),
    '["A=good"]',
  );
  await until(async () => (await replicas('careful')) === '2/2', 'both tasks run again');
  assert.match(
    await docker('service', 'inspect', 'careful', '--format', '{{.UpdateStatus.Message}}'),
    /^rollback completed$/,
  );
  await docker('service', 'rm', 'careful');
});

test('a global job runs once on the node, and again when it is forced', async () => {
  await docker('service', 'create', '-d', '--mode', 'global-job', '--name', 'once', 'busybox', 'sh', '-c', 'echo done');
  await until(async () => (await replicas('once')) === '0/0 (1/1 completed)', 'it is done');
  await sleep(500);
  assert.match(await docker('service', 'ps', 'once', '--format', '{{.CurrentState}}'), /^Complete/);
  const last = () => docker('ps', '-aq', '--filter', 'label=com.docker.swarm.service.name=once');
  const former = await last();
  await docker('service', 'update', '-d', '--force', 'once');
  await until(async () => ![former, ''].includes(await last()), 'it is run again');
  await until(async () => (await replicas('once')) === '0/0 (1/1 completed)', 'it is done again');
  assert.equal(await docker('service', 'logs', '--raw', 'once'), 'done', 'the tasks of the run before are gone');
  await docker('service', 'rm', 'once');
});

test('somebody who follows the logs of a service hears of the task that replaces another', async () => {
  await create('talker', ['--update-monitor', '200ms', '--env', 'N=one'], `echo hello $N; ${idle}`);
  await until(async () => (await replicas('talker')) === '1/1', 'it runs');
  let heard = '';
  const logs = ['service', 'logs', '-f', '--raw', 'talker'];
  const follower = engine.host.start([engine.launcher, '-H', engine.daemon.address, ...logs]);
  try {
    follower.stdout?.on('data', (piece: Buffer) => (heard += piece));
    await until(async () => heard === 'hello one\n', 'what was written is heard');
    await docker('service', 'update', '-d', '--env-add', 'N=two', 'talker');
    await until(async () => heard === 'hello one\nhello two\n', 'its successor is heard');
    await docker('kill', await taskOf('talker'));
    await until(async () => heard === 'hello one\nhello two\nhello two\n', 'and the one after a fault');
  } finally {
    follower.kill();
  }
  await docker('service', 'rm', 'talker');
});
