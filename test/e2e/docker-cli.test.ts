import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** The daily work of the docker command, against Fairlead in a throw-away host. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const failing = async (...words: string[]) => await daemon.tryDocker(words);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
});

after(() => engine[Symbol.asyncDispose]());

test('version and info say who answers', async () => {
  assert.match(await docker('version'), /Server: Fairlead/);
  assert.match(await docker('info', '--format', '{{.Driver}} {{.NCPU}}'), /^overlay2 \d+/);
});

test('a container prints, and its exit code is that of the command', async () => {
  assert.equal(await docker('run', '--rm', 'busybox', 'echo', 'hello'), 'hello\n');
  assert.equal((await failing('run', '--rm', 'busybox', 'sh', '-c', 'exit 7')).code, 7);
  const missing = await failing('run', '--rm', 'busybox', 'no-such-program');
  assert.equal(missing.code, 127);
  assert.match(missing.stderr, /executable file not found in \$PATH/);
  assert.equal(await docker('ps', '-aq'), '');
});

test('standard input reaches the container and ends', async () => {
  const { stdout } = await daemon.tryDocker(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'from outside\n' });
  assert.equal(stdout, 'from outside\n');
});

test('environment, working directory, user, host name and limits are as asked for', async () => {
  const command =
    'echo $A; pwd; id -u; hostname; cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max';
  const words = ['-e', 'A=b', '-w', '/tmp', '-u', '1000', '-h', 'box', '--pids-limit', '64'];
  assert.equal(await docker('run', '--rm', ...words, 'busybox', 'sh', '-c', command), 'b\n/tmp\n1000\nbox\n64\n');
});

test('a running container can be looked into, stopped and removed', async () => {
  const id = (await docker('run', '-d', '--name', 'life', 'busybox', 'sleep', '1000')).trim();
  assert.match(
    await docker('ps', '--format', '{{.ID}} {{.Names}} {{.Status}}'),
    new RegExp(`^${id.slice(0, 12)} life Up`),
  );
  assert.equal(await docker('exec', 'life', 'echo', 'inside'), 'inside\n');
  assert.equal((await failing('exec', 'life', 'sh', '-c', 'exit 3')).code, 3);
  assert.equal(
    await docker('inspect', '-f', '{{.State.Running}} {{.NetworkSettings.IPAddress}}', 'life'),
    'true 172.17.0.2\n',
  );
  const running = await failing('rm', 'life');
  assert.match(running.stderr, /container is running: stop the container before removing or force remove/);
  await docker('stop', '-t', '0', 'life');
  assert.match(await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'life'), /^exited (137|143)/);
  await docker('start', 'life');
  await docker('kill', 'life');
  await docker('rm', 'life');
  assert.match((await failing('inspect', 'life')).stderr, /no such object: life/i);
});

test('logs keep what was written, and can be followed', async () => {
  await docker('run', '--name', 'talk', 'busybox', 'sh', '-c', 'echo one; echo two >&2; sleep 0.1; echo three');
  const { stdout, stderr } = await failing('logs', 'talk');
  assert.deepEqual([stdout, stderr], ['one\nthree\n', 'two\n']);
  assert.equal(await docker('logs', '--tail', '1', 'talk'), 'three\n');
  assert.match(await docker('logs', '-t', '--tail', '1', 'talk'), /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
  await docker('rm', 'talk');
});

test('containers on a network of their own find each other by name, alias and short id', async () => {
  await docker('network', 'create', '--ipv6', 'app');
  const id = (
    await docker(
      'run',
      '-d',
      '--name',
      'db',
      '--network',
      'app',
      '--network-alias',
      'store',
      'busybox',
      'sleep',
      '1000',
    )
  ).trim();
  for (const name of ['db', 'store', id.slice(0, 12), 'db.app']) {
    assert.match(
      await docker('run', '--rm', '--network', 'app', 'busybox', 'ping', '-c1', '-W2', name),
      /1 packets received/,
      name,
    );
  }
  assert.match(
    await docker('run', '--rm', '--network', 'app', 'busybox', 'ping', '-6', '-c1', '-W2', 'db'),
    /1 packets received/,
  );
  const inUse = await failing('network', 'rm', 'app');
  assert.match(inUse.stderr, /network app has active endpoints \(name:"db"/);
  await docker('rm', '-f', 'db');
  await docker('network', 'rm', 'app');
});

test('a published port is reached from outside, from the host and from another container', async () => {
  await docker('network', 'create', 'front');
  await runWebServer(daemon, 'web', '--network', 'front', '-p', '8080:80');
  // Before docker 23 without brackets.
  assert.match(await docker('port', 'web'), /^80\/tcp -> 0\.0\.0\.0:8080\n80\/tcp -> (\[::\]|::):8080\n$/);
  const { ipv4, ipv6 } = host.addresses.host;
  const fetch = (address: string) => ['wget', '-qO-', `http://${address}:8080/index.html`];
  assert.equal(await host.outside.exec('busybox', ...fetch(ipv4)), 'it works\n');
  assert.equal(await host.exec('busybox', ...fetch('127.0.0.1')), 'it works\n');
  // The container has no IPv6: these come by the relay.
  assert.equal(await host.outside.exec('busybox', ...fetch(`[${ipv6}]`)), 'it works\n');
  assert.equal(await host.exec('busybox', ...fetch('[::1]')), 'it works\n');
  assert.equal(await docker('run', '--rm', '--network', 'front', 'busybox', ...fetch(ipv4)), 'it works\n');
  assert.equal(await docker('exec', 'web', ...fetch(ipv4)), 'it works\n');
  const taken = await failing('run', '--rm', '-p', '8080:80', 'busybox', 'true');
  assert.equal(taken.code, 125);
  assert.match(taken.stderr, /Bind for 0\.0\.0\.0:8080 failed: port is already allocated/);
  await docker('rm', '-f', 'web');
  await docker('network', 'rm', 'front');
});

test('networks can be joined and left while a container runs', async () => {
  await docker('network', 'create', 'one');
  await docker('network', 'create', 'two');
  await docker('run', '-d', '--name', 'wanderer', '--network', 'one', 'busybox', 'sleep', '1000');
  await docker('run', '-d', '--name', 'other', '--network', 'two', 'busybox', 'sleep', '1000');
  assert.notEqual((await failing('exec', 'wanderer', 'ping', '-c1', '-W1', 'other')).code, 0);
  await docker('network', 'connect', '--alias', 'guest', 'two', 'wanderer');
  await docker('exec', 'wanderer', 'ping', '-c1', '-W2', 'other');
  await docker('exec', 'other', 'ping', '-c1', '-W2', 'guest');
  await docker('network', 'disconnect', 'two', 'wanderer');
  assert.notEqual((await failing('exec', 'wanderer', 'ping', '-c1', '-W1', 'other')).code, 0);
  await docker('rm', '-f', 'wanderer', 'other');
  await docker('network', 'rm', 'one', 'two');
});

test('host, none and container networks are what they say', async () => {
  assert.equal(await docker('run', '--rm', '--network', 'host', 'busybox', 'hostname'), await host.exec('hostname'));
  assert.equal(await docker('run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net'), 'lo\n');
  await docker('run', '-d', '--name', 'pause', 'busybox', 'sleep', '1000');
  const own = await docker('exec', 'pause', 'ip', '-o', '-4', 'addr', 'show', 'eth0');
  assert.equal(
    await docker('run', '--rm', '--network', 'container:pause', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'),
    own,
  );
  await docker('rm', '-f', 'pause');
});

test('what --tmpfs asks for is no mount of the list', async () => {
  await docker('run', '-d', '--name', 'scratchy', '--tmpfs', '/scratch', 'busybox', 'sleep', '1000');
  assert.match(await docker('exec', 'scratchy', 'mount'), / \/scratch type tmpfs/);
  const shown = await docker('inspect', '-f', '{{.Mounts}} {{.HostConfig.Tmpfs}}', 'scratchy');
  assert.equal(shown, '[] map[/scratch:]\n');
  await docker('rm', '-f', 'scratchy');
});

test('bad input changes nothing and is answered in the words that users know', async () => {
  const cases: [words: string[], text: RegExp][] = [
    [['run', '--rm', '--network', 'absent', 'busybox', 'true'], /network absent not found/],
    [
      ['network', 'create', '--subnet', '10.0.0.1/24', 'wrong'],
      /invalid subnet 10\.0\.0\.1\/24: it should be 10\.0\.0\.0\/24/,
    ],
    [
      ['network', 'create', '--subnet', '172.17.0.0/16', 'overlap'],
      /Pool overlaps with other one on this address space/,
    ],
    [
      ['network', 'create', '--driver', 'nothing', 'wrong'],
      /could not find plugin nothing in v1 plugin registry: plugin not found/,
    ],
    [['network', 'rm', 'bridge'], /bridge is a pre-defined network and cannot be removed/],
    [
      ['run', '--rm', '--mount', 'type=bind,source=/absent,target=/x', 'busybox', 'true'],
      /bind source path does not exist: \/absent/,
    ],
    [['run', '--rm', '--pull', 'never', 'absent', 'true'], /No such image: absent:latest/],
    [['start', 'absent'], /No such container: absent/],
    [['kill', 'absent'], /cannot kill container: absent: No such container: absent/],
    // Nothing is pulled.
    [['run', '--rm', '--network', 'container:absent', 'busybox', 'true'], /^docker: .*No such container: absent/],
  ];
  const before = await docker('network', 'ls', '-q');
  for (const [words, text] of cases) {
    const { code, stderr } = await failing(...words);
    assert.notEqual(code, 0, words.join(' '));
    assert.match(stderr, text, words.join(' '));
  }
  assert.equal(await docker('network', 'ls', '-q'), before);
  assert.equal(await docker('ps', '-aq'), '');
});

test('events tell what happened', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1);
  await docker('run', '--rm', '--name', 'seen', 'busybox', 'true');
  await sleep(1100);
  const until = String(Math.floor(Date.now() / 1000));
  const events = await docker('events', '--since', since, '--until', until, '--format', '{{.Type}} {{.Action}}');
  for (const line of ['container create', 'container start', 'network connect', 'container die', 'container destroy']) {
    assert.ok(events.includes(line), `${line} in\n${events}`);
  }
});
