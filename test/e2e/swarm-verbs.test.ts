import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from './engine-host.ts';

/** A swarm of one machine, driven by Fairlead's own command from `swarm init` to `stack rm` and `swarm leave`. */

let engine: EngineHost;

before(async () => {
  engine = await EngineHost.start();
});

after(() => engine[Symbol.asyncDispose]());

const fairlead = async (...words: string[]) => (await engine.fairlead(...words)).trim();
const told = async (...words: string[]) => (await engine.tryFairlead(...words)).stderr.trim();

async function until(expected: RegExp, ask: () => Promise<string>): Promise<string> {
  let said = '';
  for (let round = 0; round < 100; round++) {
    said = await ask();
    if (expected.test(said)) return said;
    await sleep(100);
  }
  assert.match(said, expected);
  return said;
}

const idle = 'trap "exit 0" TERM; sleep 1000 & wait';

test('a swarm is made, told of and locked', async () => {
  assert.match(await told('node', 'ls'), /This node is not a swarm manager/);
  assert.match(
    await fairlead('swarm', 'init', '--autolock'),
    /is now a manager\.[\s\S]*--token SWMTKN-1-[\s\S]*SWMKEY-1-/,
  );
  const token = await fairlead('swarm', 'join-token', '-q', 'worker');
  assert.match(await fairlead('swarm', 'join-token', '--rotate', 'worker'), /Successfully rotated worker join token/);
  assert.notEqual(await fairlead('swarm', 'join-token', '-q', 'worker'), token);
  assert.match(await fairlead('swarm', 'ca'), /^-----BEGIN CERTIFICATE-----/);
  assert.match(await told('swarm', 'join', '--token', 'x', '192.0.2.1:2377'), /already part of a swarm|not supported/);
  const key = await fairlead('swarm', 'unlock-key', '-q');
  await engine.daemon.restart();
  assert.match(await told('secret', 'ls'), /Swarm is encrypted/);
  const unlocked = await engine.tryFairlead('swarm', 'unlock');
  assert.notEqual(unlocked.code, 0, 'nothing is no key');
  await engine.host.exec('sh', '-c', `echo ${key} > /run/key`);
  await engine.host.exec('sh', '-c', `${engine.launcher} -H ${engine.daemon.address} swarm unlock < /run/key`);
  assert.equal(await fairlead('swarm', 'update', '--autolock=false', '--task-history-limit', '2'), 'Swarm updated.');
});

test('the node is listed, told of, labelled and drained', async () => {
  assert.match(await fairlead('node', 'ls'), /^ID {2,}HOSTNAME {2,}STATUS[^\n]*\n\S+ \* +\S+ +Ready +Active +Leader/);
  const id = await fairlead('node', 'ls', '-q');
  assert.equal(await fairlead('node', 'update', '--label-add', 'rack=1', '--availability', 'drain', id), id);
  const text = await fairlead('node', 'inspect', '--pretty', 'self');
  assert.match(text, /Labels:\n - rack=1\n[\s\S]* Availability: +\tDrain\n[\s\S]* Leader:\t\tYes/);
  assert.match(await fairlead('node', 'promote', id), /is already a manager/);
  await fairlead('node', 'update', '--availability', 'active', id);
});

test('a service is created, waited for, listed, scaled, updated, rolled back and removed', async () => {
  await engine.host.exec('sh', '-c', 'echo -n hush > /run/pw');
  await fairlead('secret', 'create', '-l', 'of=test', 'pw', '/run/pw');
  await fairlead('config', 'create', 'conf', '/run/pw');
  assert.match(await fairlead('secret', 'ls', '--filter', 'label=of=test'), /^ID {2,}NAME[^\n]*\n\S+ +pw /);
  await fairlead('network', 'create', '-d', 'overlay', 'app');
  const flags = [
    '--name',
    'web',
    '--network',
    'app',
    '--oom-score-adj',
    '100',
    '--secret',
    'pw',
    '--config',
    'source=conf,target=/conf',
  ];
  const speed = ['--update-monitor', '300ms', '--rollback-monitor', '300ms', '--stop-grace-period', '1s'];
  const made = await fairlead('service', 'create', ...flags, ...speed, '-p', '8080:80', 'busybox', 'sh', '-c', idle);
  assert.match(made, /overall progress: 1 out of 1 tasks\n[\s\S]*verify: Service \S+ converged$/);
  const container = await fairlead('ps', '-q', '--filter', 'label=com.docker.swarm.service.name=web');
  assert.equal(await fairlead('inspect', '-f', '{{.HostConfig.OomScoreAdj}}', container), '100');
  assert.match(await fairlead('service', 'ls'), /web +replicated +1\/1 +busybox:latest +\*:8080->80\/tcp$/);
  assert.equal((await fairlead('service', 'scale', 'web=2')).split('\n')[0], 'web scaled to 2');
  await fairlead('service', 'update', '--env-add', 'A=b', '--publish-rm', '80', 'web');
  assert.match(
    await fairlead('service', 'inspect', '--pretty', 'web'),
    /\n State:\t\tcompleted\n[\s\S]* Env:\t\tA=b \n/,
  );
  await fairlead('service', 'rollback', 'web');
  assert.doesNotMatch(await fairlead('service', 'inspect', '--pretty', 'web'), /A=b/);
  assert.match(
    await fairlead('service', 'ps', '--filter', 'desired-state=running', 'web'),
    /web\.1 [\s\S]*\n\S+ +web\.2 /,
  );
  assert.match(
    await fairlead('node', 'ps', '--filter', 'desired-state=running'),
    /web\.1 +busybox:latest +\S+ +Running +Running/,
  );
  assert.match(await told('secret', 'rm', 'pw'), /secret 'pw' is in use by the following service: web/);
  assert.equal(await fairlead('service', 'rm', 'web'), 'web');
  assert.match(await told('service', 'ps', 'web'), /no such service: web/);
});

test('logs tell whose they are', async () => {
  await fairlead(
    'service',
    'create',
    '-d',
    '--name',
    'talker',
    '--replicas',
    '2',
    'busybox',
    'sh',
    '-c',
    `echo hello; ${idle}`,
  );
  const lines = await until(/hello[\s\S]*hello/, () => fairlead('service', 'logs', 'talker'));
  assert.match(lines, /^talker\.[12]\.[0-9a-z]{12}@\S+ {4}\| hello$/m);
  assert.equal(await fairlead('service', 'logs', '--raw', 'talker'), 'hello\nhello');
  await fairlead('service', 'rm', 'talker');
});

test('a job is waited for until it is done', async () => {
  const job = ['--mode', 'replicated-job', '--replicas', '3', '--name', 'job', 'busybox', 'true'];
  assert.match(await fairlead('service', 'create', ...job), /job progress: 3 out of 3 complete\n[\s\S]*job complete$/);
  assert.match(await fairlead('service', 'ls'), /job +replicated job +0\/\d \(3\/3 completed\)/);
  await fairlead('service', 'rm', 'job');
});

test('a stack of five services is deployed, deployed again, pruned and removed', async () => {
  const file = join(engine.host.folder, 'stack.yml');
  const service = (more: string) =>
    `{image: "busybox:\${TAG:-latest}", command: ["sh", "-c", ${JSON.stringify(idle)}], stop_grace_period: 1s${more}}`;
  const deploy = ', deploy: {replicas: 2, update_config: {monitor: 300ms}}';
  const watched = ', deploy: {update_config: {monitor: 300ms}}';
  const text = `services:
  web: ${service(`, ports: ["8080:80"], networks: [front, back], depends_on: [api]${deploy}`)}
  api: ${service(`, networks: [back], secrets: [key], configs: [{source: settings, target: /etc/settings}]${watched}`)}
  store: ${service(`, networks: [back], volumes: ["data:/data"]${watched}`)}
  worker: ${service(`, networks: [back]${watched}`)}
  queue: ${service(`, networks: [back]${watched}`)}
networks: {front: , back: {internal: true}}
volumes: {data: }
secrets: {key: {file: ./key}}
configs: {settings: {file: ./key}}
`;
  writeFileSync(file, text);
  writeFileSync(join(engine.host.folder, 'key'), 'hush');
  const said = await fairlead('stack', 'deploy', '--detach=false', '--resolve-image', 'never', '-c', file, 'app');
  assert.match(said, /Creating network app_back\nCreating network app_front\nCreating secret app_key\nCreating config/);
  assert.equal(await fairlead('stack', 'ls', '--format', '{{.Name}} {{.Services}}'), 'app 5');
  assert.match(
    await fairlead('stack', 'services', 'app'),
    /app_web +replicated +2\/2 +busybox:latest +\*:8080->80\/tcp/,
  );
  const [id = ''] = (await fairlead('ps', '-q', '--filter', 'label=com.docker.swarm.service.name=app_api')).split('\n');
  assert.equal(await fairlead('exec', id, 'sh', '-c', 'cat /run/secrets/key /etc/settings'), 'hushhush');
  const before = await fairlead('stack', 'ps', '-q', 'app');
  await fairlead('stack', 'deploy', '-d', '--resolve-image', 'never', '-c', file, 'app');
  assert.equal(await fairlead('stack', 'ps', '-q', 'app'), before, 'the same file replaces nothing');
  writeFileSync(file, text.replace(/^ {2}queue: .*\n/m, ''));
  const pruned = await fairlead('stack', 'deploy', '-d', '--prune', '--resolve-image', 'never', '-c', file, 'app');
  assert.match(pruned, /^Removing service app_queue\n/);
  assert.match(
    await fairlead('stack', 'rm', 'app'),
    /^Removing service app_api\n[\s\S]*Removing network app_(front|back)$/,
  );
  assert.match(await told('stack', 'ps', 'app'), /nothing found in stack: app/);
  await until(/^$/, () => fairlead('ps', '-q', '--filter', 'label=com.docker.stack.namespace=app'));
});

test('the swarm is left', async () => {
  assert.match(await told('swarm', 'leave'), /Removing the last manager/);
  assert.equal(await fairlead('swarm', 'leave', '--force'), 'Node left the swarm.');
});
