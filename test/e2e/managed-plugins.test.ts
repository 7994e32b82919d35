import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Daemon, type Host, refusalOf } from '@fairlead/lab';
import { Registry } from '../lab/registry.ts';
import { EngineHost } from './engine-host.ts';
import { type PluginData, writePluginData } from './managed-plugin-rig.ts';

/** Plugins that the engine itself runs: made, sent to a registry and fetched, and used for volumes, networks and requests. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
let registry: Registry;

before(async () => {
  engine = await EngineHost.start();
  ({ host, daemon } = engine);
  registry = await Registry.start(host);
});

after(() => engine[Symbol.asyncDispose]());

const docker = async (...words: string[]) => (await daemon.docker(...words)).trimEnd();

async function refusal(...words: string[]): Promise<string> {
  const ended = await daemon.tryDocker(words);
  assert.notEqual(ended.code, 0, words.join(' '));
  return refusalOf(ended);
}

/** What a shell prints whose docker command speaks to the engine. */
async function shell(script: string): Promise<string> {
  const { stdout, stderr } = await host.run(['sh', '-c', script], {
    env: { DOCKER_HOST: daemon.address, DOCKER_CONFIG: host.folder },
  });
  return `${stdout}${stderr}`;
}

const pluginFolder = () => join(host.folder, 'data/plugins');
const shown = async (name: string) => JSON.parse(await docker('plugin', 'inspect', name))[0];

afterEach(async () => {
  for (const name of (await docker('plugin', 'ls', '--format', '{{.Name}}'))
    .split('\n')
    .filter((line) => line !== '')) {
    await docker('plugin', 'rm', '-f', name);
  }
  const places = ['', 'unfinished', 'storage/sha256', 'storage/unfinished'];
  const left = places
    .map((place) => join(pluginFolder(), place))
    .flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
  assert.deepEqual(
    left.filter((name) => !['storage', 'unfinished'].includes(name)),
    [],
    'nothing is left of them',
  );
  const mounts = await host.exec('cat', '/proc/self/mountinfo');
  assert.equal(mounts.includes(pluginFolder()), false, 'nothing is left mounted');
  assert.deepEqual(readdirSync(host.pathOf('/run/fairlead/plugins')), []);
});

async function create(name: string, data: PluginData = {}): Promise<void> {
  await docker('plugin', 'create', name, writePluginData(host, name.replaceAll(/\W/g, '-'), data));
}

test('a volume of a plugin holds what containers put there, on the host too, and keeps the plugin from going', async () => {
  await create('plug');
  assert.match(
    await refusal('volume', 'create', '-d', 'plug', 'web'),
    /volume plugin plug: plugin plug found but disabled$/,
  );
  await docker('plugin', 'enable', 'plug');
  await docker('volume', 'create', '-d', 'plug', 'web');
  assert.equal(await docker('volume', 'inspect', '-f', '{{.Driver}} {{.Scope}}', 'web'), 'plug:latest global');
  await docker('run', '--rm', '-v', 'web:/d', 'busybox', 'sh', '-c', 'echo hello > /d/file');
  assert.equal(await docker('run', '--rm', '-v', 'web:/d', 'busybox', 'cat', '/d/file'), 'hello');
  const place = await docker('volume', 'inspect', '-f', '{{.Mountpoint}}', 'web');
  assert.equal(place, join(pluginFolder(), (await shown('plug')).Id, 'propagated-mount/volumes/web/content'));
  assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'hello\n');
  assert.match(await refusal('plugin', 'disable', 'plug'), /plugin plug:latest is in use$/);
  assert.match(await refusal('plugin', 'rm', 'plug'), /plugin plug:latest is in use$/);
  assert.equal(await docker('volume', 'rm', 'web'), 'web');
  assert.match(await refusal('plugin', 'rm', 'plug'), /plugin plug:latest is enabled$/);
  assert.equal(await docker('plugin', 'disable', 'plug'), 'plug');
});

test('a plugin comes back from a registry, for who agrees to what it asks for, and as it is set', async () => {
  const name = `${registry.address}/plug`;
  await create(name);
  await docker('plugin', 'push', name);
  const before = (await shown(name)).Config;
  await docker('plugin', 'rm', name);
  const asking = await shell(`echo n | docker plugin install ${name}`);
  assert.match(asking, / - network: \[host\]\n - mount: \[\/usr\]\n/);
  assert.match(asking, / - capabilities: \[CAP_SYS_ADMIN CAP_NET_ADMIN\]\n/);
  assert.match(asking, /permission denied while installing plugin/);
  assert.equal(await docker('plugin', 'ls', '-q'), '');
  const agreed = await shell(`echo y | docker plugin install --alias mine ${name} KIND=set`);
  assert.match(agreed, new RegExp(`Installed plugin ${name}\n$`));
  const plugin = await shown('mine');
  assert.deepEqual(
    [plugin.Name, plugin.PluginReference, plugin.Enabled, plugin.Settings.Env],
    ['mine:latest', `${name}:latest`, true, ['KIND=set']],
  );
  assert.deepEqual(plugin.Config, before);
  await docker('volume', 'create', '-d', 'mine', 'web');
  assert.equal(await docker('volume', 'inspect', '-f', '{{.Status.kind}}', 'web'), 'set');
  await docker('volume', 'rm', 'web');
});

test('a plugin is upgraded while it is disabled, and is what it was when that fails', async () => {
  const name = `${registry.address}/plug`;
  await create(name, { description: 'the second' });
  await docker('plugin', 'push', name);
  await docker('plugin', 'rm', name);
  await create(name, { description: 'the first' });
  await docker('plugin', 'enable', name);
  assert.match(
    await refusal('plugin', 'upgrade', '--grant-all-permissions', name),
    /must be disabled before upgrading$/,
  );
  await docker('plugin', 'disable', name);
  const missing = `${registry.address}/none`;
  const upgrade = ['plugin', 'upgrade', '--grant-all-permissions', '--skip-remote-check', name];
  assert.match(await refusal(...upgrade, missing), /error resolving plugin reference: manifest for .* not found/);
  assert.equal((await shown(name)).Config.Description, 'the first');
  await docker(...upgrade);
  assert.equal((await shown(name)).Config.Description, 'the second');
  await docker('plugin', 'enable', name);
});

test('one that cannot run is refused, and nothing of it runs', async () => {
  await create('missing', { config: { entrypoint: ['/nothing'] } });
  assert.match(
    await refusal('plugin', 'enable', 'missing'),
    /exec: "\/nothing": stat \/nothing: no such file or directory/,
  );
  await create('mute', { config: { entrypoint: ['/usr/bin/sleep', '1000'], pidHost: true } });
  const { Id } = await shown('mute');
  assert.equal(
    await refusal('plugin', 'enable', 'mute'),
    `Error response from daemon: dial unix /run/fairlead/plugins/${Id}/plug.sock: connect: no such file or directory`,
  );
  await create('logs', { type: 'docker.logdriver/1.0' });
  assert.match(await refusal('plugin', 'enable', 'logs'), /plugins of type docker\.logdriver are not supported yet/);
  assert.equal(await docker('plugin', 'ls', '--filter', 'enabled=true', '-q'), '');
  const tasks = await host.exec(
    'ctr',
    '-a',
    '/run/fairlead/containerd/containerd.sock',
    '-n',
    'fairlead-plugins',
    'c',
    'ls',
    '-q',
  );
  assert.equal(tasks, '');
});

test('networks and their addresses are a plugin’s, named with or without its tag', async () => {
  await create('nets', { kind: 'network', type: 'docker.networkdriver/1.0' });
  await docker('plugin', 'enable', 'nets');
  await docker('network', 'create', '-d', 'nets', 'app');
  assert.equal(await docker('network', 'inspect', '-f', '{{.Driver}}', 'app'), 'nets:latest');
  assert.ok(JSON.parse(await docker('info', '-f', '{{json .Plugins.Network}}')).includes('nets:latest'));
  assert.match(await docker('run', '--rm', '--network', 'app', 'busybox', 'ip', '-o', 'link'), /net0/);
  assert.match(await refusal('plugin', 'disable', 'nets'), /plugin nets:latest is in use$/);
  assert.match(await refusal('network', 'create', '--ipam-driver', 'nets', 'other'), /does not provide "ipamdriver"/);
  await docker('network', 'rm', 'app');
});

test('a plugin judges requests from the start of the daemon on, until it is disabled', async () => {
  await create('judge', { kind: 'authorization', type: 'docker.authz/1.0' });
  await docker('plugin', 'enable', 'judge');
  await daemon.stop();
  {
    await using strict = await Daemon.fairlead(host, ['--authorization-plugin', 'judge']);
    const asked = await strict.tryDocker(['volume', 'create', 'forbidden']);
    assert.match(refusalOf(asked), /authorization denied by plugin judge: not that$/);
    await strict.docker('plugin', 'disable', 'judge');
    await strict.docker('volume', 'create', 'forbidden');
    await strict.docker('volume', 'rm', 'forbidden');
  }
  await daemon.restart();
});

test('what happens to plugins is told, and found by their names', async () => {
  await create('told');
  await docker('plugin', 'enable', 'told');
  await docker('plugin', 'disable', 'told');
  const { Id } = await shown('told');
  await docker('plugin', 'rm', 'told');
  const script =
    'sleep 1; docker events --since 1h --until 0s --format "{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}"';
  const expected = ['create told:latest', 'enable told', 'disable told', 'remove told'].map((line) =>
    line.replace(' ', ` ${Id} `),
  );
  assert.deepEqual((await shell(`${script} --filter plugin=${Id}`)).trim().split('\n'), expected);
});

test('Fairlead’s own command does all of it', async () => {
  const name = `${registry.address}/own`;
  const folder = writePluginData(host, 'own');
  assert.equal(await engine.fairlead('plugin', 'create', name, folder), `${name}\n`);
  assert.equal(await engine.fairlead('plugin', 'enable', name), `${name}\n`);
  assert.match(
    await engine.fairlead('plugin', 'ls'),
    /^ID +NAME +DESCRIPTION +ENABLED\n[0-9a-f]{12} +\S+:latest +A plugin of the tests +true\n$/,
  );
  assert.equal(await engine.fairlead('plugin', 'disable', '-f', name), `${name}\n`);
  assert.equal(await engine.fairlead('plugin', 'set', name, 'KIND=mine'), '');
  assert.equal(await engine.fairlead('plugin', 'inspect', '-f', '{{.Settings.Env}}', name), '[KIND=mine]\n');
  assert.match(await engine.fairlead('plugin', 'push', name), /^The push refers to repository/);
  assert.equal(await engine.fairlead('plugin', 'rm', name), `${name}\n`);
  const installed = await engine.fairlead('plugin', 'install', '--grant-all-permissions', '--disable', name);
  assert.match(installed, new RegExp(`Installed plugin ${name}\n$`));
  assert.match(await engine.fairlead('plugin', 'upgrade', '--grant-all-permissions', name), /Upgraded plugin/);
  const denied = await engine.tryFairlead('plugin', 'install', '--alias', 'again', name);
  assert.match(denied.stderr, /permission denied while installing plugin/);
  assert.equal(await engine.fairlead('plugin', 'rm', '-f', name), `${name}\n`);
});
