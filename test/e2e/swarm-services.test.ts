import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from './engine-host.ts';

/** Services on a swarm of one machine, driven by the docker command: tasks, updates, names, ports, files, logs, kills. */

let engine: EngineHost;

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trim();
const told = async (...words: string[]) => (await engine.daemon.tryDocker(words)).stderr.trim();
const replicas = (name: string) => docker('service', 'ls', '--filter', `name=${name}`, '--format', '{{.Replicas}}');
const taskIds = async (name: string, ...more: string[]) =>
  (await docker('ps', '-q', '--no-trunc', '--filter', `label=com.docker.swarm.service.name=${name}`, ...more))
    .split('\n')
    .filter(Boolean)
    .sort();

before(async () => {
  engine = await EngineHost.start();
  await docker('swarm', 'init');
  await docker('network', 'create', '-d', 'overlay', 'app');
});

after(() => engine[Symbol.asyncDispose]());

/** Wait until the docker command says so. */
async function until(expected: string, ask: () => Promise<string>): Promise<void> {
  let said = '';
  for (let round = 0; round < 100; round++) {
    said = await ask();
    if (said === expected) return;
    await sleep(100);
  }
  assert.equal(said, expected);
}

const idle = 'trap "exit 0" TERM; sleep 1000 & wait';

async function service(name: string, flags: readonly string[], command = idle): Promise<void> {
  await docker(
    'service',
    'create',
    '-d',
    '--name',
    name,
    '--restart-delay',
    '200ms',
    '--stop-grace-period',
    '1s',
    ...flags,
    'busybox',
    'sh',
    '-c',
    command,
  );
}

test('tasks are containers with secrets, configs, templates and names of their service', async () => {
  await engine.host.exec('sh', '-c', 'echo -n hush > /run/pw; echo -n "of {{.Service.Name}}" > /run/conf');
  await docker('secret', 'create', 'pw', '/run/pw');
  await docker('config', 'create', '--template-driver', 'golang', 'conf', '/run/conf');
  const files = ['--secret', 'source=pw,target=key,uid=5,mode=0400', '--config', 'source=conf,target=/etc/conf'];
  await service('web', [
    '--replicas',
    '2',
    '--network',
    'app',
    ...files,
    '--hostname',
    'h{{.Task.Slot}}',
    '--env',
    'N={{.Service.Name}}',
  ]);
  await until('2/2', () => replicas('web'));
  const [id = ''] = await taskIds('web');
  const seen = 'stat -c "%u %a" /run/secrets/key; cat /run/secrets/key /etc/conf; echo " $N"; hostname';
  assert.match(await docker('exec', id, 'sh', '-c', seen), /^5 400\nhushof web web\nh[12]$/);
  assert.match(await docker('exec', id, 'mount'), /tmpfs on \/run\/secrets\/key type tmpfs \(ro/);
  assert.match(await told('secret', 'rm', 'pw'), /secret 'pw' is in use by the following service: web/);
});

test('a service has an address that leads to its tasks, and tasks.NAME has theirs', async () => {
  const [id = ''] = await taskIds('web');
  const lookup = async (name: string) =>
    [...(await docker('exec', id, 'nslookup', name, '127.0.0.11')).matchAll(/^Address: ([\d.]+)$/gm)].map(([, a]) => a);
  const address = (
    await docker('service', 'inspect', 'web', '--format', '{{(index .Endpoint.VirtualIPs 0).Addr}}')
  ).split('/')[0];
  assert.deepEqual(await lookup('web'), [address]);
  assert.equal((await lookup('tasks.web')).length, 2);
});

test('a task that ends is followed by another one, and one that is scaled away is gone', async () => {
  const [id = ''] = await taskIds('web');
  await docker('exec', id, 'kill', '-9', '1').catch(() => {});
  await docker('kill', id).catch(() => {});
  await until('2/2', async () => ((await taskIds('web')).includes(id) ? '' : await replicas('web')));
  assert.match(await docker('service', 'ps', 'web', '--format', '{{.Error}}'), /task: non-zero exit \(137\)/);
  await docker('service', 'scale', '-d', 'web=1');
  await until('1', async () => String((await taskIds('web')).length));
});

test('an update replaces tasks, one that fails is paused, and a rollback takes the former back', async () => {
  const [former = ''] = await taskIds('web');
  const state = () => docker('service', 'inspect', 'web', '--format', '{{.UpdateStatus.State}}');
  await docker(
    'service',
    'update',
    '-d',
    '--update-monitor',
    '500ms',
    '--rollback-monitor',
    '500ms',
    '--env-add',
    'A=b',
    'web',
  );
  await until('completed', state);
  assert.equal((await taskIds('web')).includes(former), false);
  await docker('service', 'update', '-d', '--image', 'nothing:1', 'web');
  await until('paused', state);
  assert.match(
    await docker('service', 'ps', '--no-trunc', 'web', '--format', '{{.Error}}'),
    /No such image: nothing:1/,
  );
  await docker('service', 'rollback', '-d', 'web');
  await until('rollback_completed', state);
  await until('1/1', () => replicas('web'));
});

test('a published port leads to the tasks, and belongs to one service', async () => {
  await service('site', ['--replicas', '2', '-p', '8080:80'], 'hostname > /index.html; httpd -h / -p 80; sleep 1000');
  await until('2/2', () => replicas('site'));
  const answers = new Set<string>();
  await until('2', async () => {
    answers.add((await engine.host.exec('timeout', '2', 'busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/')).trim());
    return String(answers.size);
  });
  assert.match(
    await told('service', 'create', '-d', '-p', '8080:81', 'busybox'),
    /port '8080' is already in use by service 'site'/,
  );
});

test('tasks tell the ports that they have got, and are on the network by which published ones come', async () => {
  await service('hosted', ['--publish', 'target=80,mode=host', '--network', 'app']);
  await until('1/1', () => replicas('hosted'));
  const [hosted = ''] = await taskIds('hosted');
  const [, port = ''] = (await docker('port', hosted, '80')).split('\n')[0]?.split(':') ?? [];
  assert.equal(await docker('service', 'ps', 'hosted', '--format', '{{.Ports}}'), `*:${port}->80/tcp`);
  const [site = ''] = await taskIds('site');
  assert.equal(
    await docker('inspect', site, '--format', '{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}'),
    'ingress',
  );
  const [task = ''] = (await docker('service', 'ps', '-q', 'site')).split('\n');
  const attachment = '{{range .NetworksAttachments}}{{.Network.Spec.Name}} {{index .Addresses 0}}{{end}}';
  assert.match(await docker('inspect', task, '--format', attachment), /^ingress 10\.0\.0\.\d+\/24$/);
  const address = await docker('node', 'inspect', 'self', '--format', '{{.Status.Addr}}');
  for (const network of ['ingress', 'app']) {
    const peers = await docker('network', 'inspect', network, '--format', '{{len .Peers}} {{(index .Peers 0).IP}}');
    assert.equal(peers, `1 ${address}`);
  }
  await docker('service', 'rm', 'hosted');
});

test('jobs come to their end once', async () => {
  await docker(
    'service',
    'create',
    '-d',
    '--mode',
    'replicated-job',
    '--replicas',
    '3',
    '--max-concurrent',
    '2',
    '--name',
    'job',
    'busybox',
    'true',
  );
  await until('0/2 (3/3 completed)', () => replicas('job'));
});

test('logs tell which task has written what', async () => {
  await service('talker', ['--replicas', '2'], `echo hello; ${idle}`);
  await until('2/2', () => replicas('talker'));
  const lines = (await docker('service', 'logs', 'talker')).split('\n');
  assert.deepEqual(lines.map((line) => line.replace(/\.[0-9a-z]{12}@\S+ +\|/, '')).sort(), [
    'talker.1 hello',
    'talker.2 hello',
  ]);
});

test('a daemon that is killed at any moment goes on with the tasks that run', async () => {
  const before = await taskIds('site');
  await engine.daemon.kill9();
  await engine.daemon.restart();
  await until('2/2', () => replicas('site'));
  assert.deepEqual(await taskIds('site'), before);
  for (const delay of [5, 40, 150, 300]) {
    await service(`late${delay}`, ['--replicas', '3']);
    await sleep(delay);
    await engine.daemon.kill9();
    await engine.daemon.restart();
    await until('3/3', () => replicas(`late${delay}`));
    assert.equal((await taskIds(`late${delay}`, '-a')).length, 3, `after ${delay} ms`);
  }
});

test('a drained node has no tasks, and has them again when it is active', async () => {
  const node = await docker('info', '--format', '{{.Swarm.NodeID}}');
  await docker('node', 'update', '--availability', 'drain', node);
  await until('0/2', () => replicas('site'));
  const waiting = async () =>
    String(/no suitable node \(1 node not av/.test(await docker('service', 'ps', '--no-trunc', 'site')));
  await until('true', waiting);
  await docker('node', 'update', '--availability', 'active', node);
  await until('2/2', () => replicas('site'));
});

test('a removed service leaves nothing, nor does a swarm that is left', async () => {
  await docker('service', 'rm', 'web');
  await until('0', async () => String((await taskIds('web', '-a')).length));
  await docker('secret', 'rm', 'pw');
  await docker('swarm', 'leave', '--force');
  assert.equal(await docker('ps', '-aq'), '');
  assert.equal(await docker('network', 'ls', '-q', '--filter', 'driver=overlay'), '');
});
