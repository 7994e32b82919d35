import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** Links, on the default network and on others, and the files that tell of them. */

let engine: EngineHost;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const sleep = ['busybox', 'sleep', '1000'];

before(async () => {
  engine = await EngineHost.start();
  ({ daemon } = engine);
  await docker('run', '-d', '--name', 'db', '-h', 'db-host', '--expose', '6379', '-e', 'PASSWORD=secret', ...sleep);
});
after(() => engine[Symbol.asyncDispose]());

const hosts = (name: string) => docker('exec', name, 'cat', '/etc/hosts');
const address = async (name: string) =>
  (await docker('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', name)).trim();

test('on the default network a link is a line in /etc/hosts, variables and a name in the list', async () => {
  await docker('run', '-d', '--name', 'web', '--link', 'db:store', ...sleep);
  const ip = await address('db');
  assert.match(await hosts('web'), new RegExp(`^${ip}\\tstore db-host db$`, 'm'));
  await docker('exec', 'web', 'ping', '-c1', '-W2', 'store');
  const variables = await docker('exec', 'web', 'sh', '-c', 'tr "\\0" "\\n" </proc/1/environ');
  for (const line of [`STORE_PORT=tcp://${ip}:6379`, 'STORE_NAME=/web/store', 'STORE_ENV_PASSWORD=secret']) {
    assert.match(variables, new RegExp(`^${line}$`, 'm'));
  }
  assert.equal(await docker('inspect', '-f', '{{.HostConfig.Links}}', 'web'), '[/db:/web/store]\n');
  assert.match(await docker('ps', '--no-trunc', '--format', '{{.Names}}'), /^db,web\/store$/m);
});

test('the line follows its target, and what the container has written itself stays', async () => {
  await docker('exec', 'web', 'sh', '-c', 'echo 192.0.2.9 mine >>/etc/hosts');
  await docker('network', 'disconnect', 'bridge', 'db');
  assert.doesNotMatch(await hosts('web'), /store/);
  await docker('run', '-d', '--name', 'thief', ...sleep);
  await docker('network', 'connect', 'bridge', 'db');
  const text = await hosts('web');
  assert.match(text, new RegExp(`^${await address('db')}\\tstore db-host db$`, 'm'));
  assert.match(text, /^192\.0\.2\.9 mine$/m);
  await docker('rename', 'db', 'database');
  assert.equal(await docker('inspect', '-f', '{{.HostConfig.Links}}', 'web'), '[/database:/web/store]\n');
  await docker('rename', 'database', 'db');
});

test('a link is removed alone', async () => {
  await docker('run', '-d', '--name', 'linker', '--link', 'db:first', '--link', 'db:second', ...sleep);
  await docker('rm', '--link', 'linker/first');
  assert.match(await hosts('linker'), /\tsecond db-host db$/m);
  assert.doesNotMatch(await hosts('linker'), /first/);
  assert.equal(await docker('inspect', '-f', '{{.HostConfig.Links}}', 'linker'), '[/db:/linker/second]\n');
  const { code, stderr } = await daemon.tryDocker(['rm', '--link', 'linker/first']);
  assert.equal(code, 1);
  assert.match(stderr, /No such container: linker\/first/);
  await docker('rm', '-f', 'linker');
});

const refused: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [['--link', 'nobody:x'], /could not get container for nobody: No such container: nobody/],
  [['--link', 'idle:x'], /Cannot link to a non running container: \/idle AS \/[a-z_]+\/x/],
  [['--link', 'elsewhere:x'], /container [0-9a-f]{64} not attached to default bridge network/],
  [
    ['--link', 'hosted:x'],
    /conflicting options: host type networking can't be used with links\. This would result in undefined behavior/,
  ],
];
for (const [words, message] of refused) {
  test(`refused: docker run ${words.join(' ')}`, async () => {
    await daemon.tryDocker(['create', '--name', 'idle', ...sleep]);
    await daemon.tryDocker(['network', 'create', 'app']);
    await daemon.tryDocker(['run', '-d', '--name', 'elsewhere', '--network', 'app', ...sleep]);
    await daemon.tryDocker(['run', '-d', '--name', 'hosted', '--network', 'host', ...sleep]);
    const { code, stderr } = await daemon.tryDocker(['run', '--rm', ...words, ...sleep]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  });
}

test('on a network with names a link is one more name, for the one who asked for it alone', async () => {
  await docker('network', 'create', 'names');
  await docker('run', '-d', '--name', 'one', '--network', 'names', ...sleep);
  await docker('run', '-d', '--name', 'two', '--network', 'names', '--link', 'one:uno', ...sleep);
  await docker('exec', 'two', 'ping', '-c1', '-W2', 'uno');
  assert.notEqual((await daemon.tryDocker(['exec', 'one', 'ping', '-c1', '-W2', 'uno'])).code, 0);
  assert.doesNotMatch(await hosts('two'), /uno/);
});

test('a resolv.conf that the container has edited is left alone', async () => {
  await docker('run', '-d', '--name', 'keeper', ...sleep);
  await docker('run', '-d', '--name', 'follower', ...sleep);
  await docker('exec', 'keeper', 'sh', '-c', 'echo nameserver 192.0.2.53 >/etc/resolv.conf');
  for (const name of ['keeper', 'follower']) await docker('network', 'connect', 'names', name);
  const servers = async (name: string) =>
    (await docker('exec', name, 'grep', '^nameserver', '/etc/resolv.conf')).trim();
  assert.deepEqual(await Promise.all(['keeper', 'follower'].map(servers)), [
    'nameserver 192.0.2.53',
    'nameserver 127.0.0.11',
  ]);
});
