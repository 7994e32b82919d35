import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon, Host } from '@fairlead/lab';
import { Registry } from '../lab/registry.ts';
import { Dice } from './dice.ts';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';
import { writePluginData } from './managed-plugin-rig.ts';

/** What becomes of plugins when they, the daemon or containerd are killed: while they run, and at every step of their making. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
let registry: Registry;
let data: string;

before(async () => {
  engine = await EngineHost.start();
  ({ host, daemon } = engine);
  registry = await Registry.start(host);
  data = writePluginData(host, 'plug');
  const name = `${registry.address}/plug`;
  await docker('plugin', 'create', name, data);
  await docker('plugin', 'push', name);
  await docker('plugin', 'rm', name);
});

after(() => engine[Symbol.asyncDispose]());

const docker = async (...words: string[]) => (await daemon.docker(...words)).trimEnd();
const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const shown = async (name: string) => JSON.parse(await docker('plugin', 'inspect', name))[0];
const folder = (...path: string[]) => join(host.folder, 'data/plugins', ...path);
const namesIn = (path: string) => (existsSync(path) ? readdirSync(path) : []);
const ctr = (...words: string[]) =>
  host.exec('ctr', '-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead-plugins', ...words);

/** Process ids of plugins that run, by their IDs. */
async function processes(): Promise<ReadonlyMap<string, string>> {
  const [, ...rows] = lines(await ctr('task', 'ls'));
  return new Map(rows.map((row) => row.split(/\s+/)).map(([id = '', pid = '']) => [id, pid]));
}

const processOf = async (name: string) => (await processes()).get((await shown(name)).Id);

/** Everything that there is belongs to a plugin, and every plugin has all that it needs. */
async function assertWhole(message: string): Promise<void> {
  const plugins = JSON.parse(
    await host.exec('curl', '-s', '--unix-socket', daemon.socket, 'http://x/plugins'),
  ) as Shown[];
  const ids = plugins.map(({ Id }) => Id).sort();
  const folders = namesIn(folder()).filter((name) => name !== 'storage' && name !== 'unfinished');
  assert.deepEqual(folders.sort(), ids, message);
  assert.deepEqual(namesIn(folder('unfinished')), [], message);
  const running = plugins.filter(({ Enabled }) => Enabled).map(({ Id }) => Id);
  assert.deepEqual([...(await processes()).keys()].sort(), running.sort(), message);
  const contents = new Set(plugins.flatMap(({ Config }) => Config.rootfs.diff_ids));
  const blobs = namesIn(folder('storage/sha256')).length;
  assert.equal(blobs >= contents.size, true, message);
  if (plugins.length === 0) assert.equal(blobs, 0, message);
  const mounted = lines(await host.exec('cat', '/proc/self/mountinfo')).map((line) => line.split(' ')[4] ?? '');
  const expected = running.map((id) => folder(id, 'propagated-mount'));
  assert.deepEqual(mounted.filter((place) => place.startsWith(folder())).sort(), expected.sort(), message);
}

/** The part of a plugin that is looked at. */
interface Shown {
  readonly Id: string;
  readonly Name: string;
  readonly Enabled: boolean;
  readonly Config: { readonly rootfs: { readonly diff_ids: readonly string[] } };
}

async function clear(): Promise<void> {
  const containers = lines(await docker('ps', '-aq'));
  if (containers.length > 0) await docker('rm', '-fv', ...containers);
  const volumes = lines(await docker('volume', 'ls', '-q'));
  if (volumes.length > 0) await docker('volume', 'rm', '-f', ...volumes);
  for (const name of lines(await docker('plugin', 'ls', '--format', '{{.Name}}')))
    await docker('plugin', 'rm', '-f', name);
}

afterEach(async () => {
  await clear();
  await assertWhole('nothing is left');
});

async function enabled(): Promise<string | undefined> {
  await docker('plugin', 'create', 'plug', data);
  await docker('plugin', 'enable', 'plug');
  return await processOf('plug');
}

const write = (volume: string, text: string) =>
  docker('run', '--rm', '-v', `${volume}:/d`, 'busybox', 'sh', '-c', `echo ${text} >> /d/file; cat /d/file`);

test('a plugin goes on while the daemon is killed, and so does who has a volume of its', async () => {
  const pid = await enabled();
  await docker('volume', 'create', '-d', 'plug', 'web');
  await docker('run', '-d', '--name', 'user', '-v', 'web:/d', 'busybox', 'sleep', '1000');
  await daemon.kill9();
  await daemon.restart();
  assert.equal(await processOf('plug'), pid, 'the same process');
  assert.equal(await write('web', 'one'), 'one');
  assert.equal(await docker('exec', 'user', 'cat', '/d/file'), 'one');
  await assertWhole('after a kill');
});

test('a plugin is there before containers are started that need it', async () => {
  const pid = await enabled();
  await docker('volume', 'create', '-d', 'plug', 'web');
  await docker('run', '-d', '--restart', 'always', '--name', 'user', '-v', 'web:/d', 'busybox', 'sleep', '1000');
  const containerd = host.pathOf('/run/fairlead/containerd/containerd.pid');
  await daemon.kill9();
  // As after a reboot: nothing runs any more.
  for (const name of ['fairlead', 'fairlead-plugins']) {
    await host.run([
      'sh',
      '-c',
      `ctr -a /run/fairlead/containerd/containerd.sock -n ${name} task ls -q | xargs -r -n1 ctr -a /run/fairlead/containerd/containerd.sock -n ${name} task kill -s SIGKILL`,
    ]);
  }
  assert.ok(existsSync(containerd));
  await daemon.restart();
  await eventually('the container runs', async () => (await docker('ps', '-q', '--filter', 'name=user')) !== '');
  assert.notEqual(await processOf('plug'), pid);
  assert.equal(await write('web', 'two'), 'two');
});

test('a plugin whose daemon ends with nothing to run ends too, and is back with the next one', async () => {
  await enabled();
  await docker('volume', 'create', '-d', 'plug', 'web');
  await daemon.restart();
  assert.equal((await shown('plug')).Enabled, true);
  assert.equal(await write('web', 'three'), 'three');
  await assertWhole('after a restart');
});

test('a plugin that dies is started again, also while containerd is lost', async () => {
  const pid = await enabled();
  await host.exec('kill', '-9', pid ?? '');
  await eventually('it is another process', async () => ![undefined, pid].includes(await processOf('plug')));
  const second = await processOf('plug');
  await docker('volume', 'create', '-d', 'plug', 'web');
  const containerd = await host.exec('cat', '/run/fairlead/containerd/containerd.pid');
  await host.exec('kill', '-9', containerd.trim());
  assert.equal(await docker('volume', 'inspect', '-f', '{{.Driver}}', 'web'), 'plug:latest');
  const running = () => processes().catch(() => new Map<string, string>());
  await eventually('containerd is back', async () => (await running()).size === 1);
  assert.equal(await processOf('plug'), second);
  await docker('volume', 'rm', 'web');
  await docker('plugin', 'disable', 'plug');
  await docker('plugin', 'enable', 'plug');
});

test('a daemon that is killed in the middle of anything leaves a plugin whole, or nothing of it', async (context) => {
  const dice = new Dice();
  context.diagnostic(`seed ${dice.seed}`);
  const name = `${registry.address}/plug`;
  const steps: readonly (readonly string[])[] = [
    ['plugin', 'create', 'plug', data],
    ['plugin', 'install', '--grant-all-permissions', name],
    ['plugin', 'enable', 'plug'],
    ['plugin', 'disable', '-f', 'plug'],
    ['plugin', 'upgrade', '--grant-all-permissions', '--skip-remote-check', 'plug', name],
    ['plugin', 'rm', '-f', 'plug'],
    ['plugin', 'rm', '-f', name],
  ];
  for (let round = 0; round < 14; round++) {
    const step = steps[round % steps.length] ?? [];
    const doing = daemon.tryDocker(step);
    const after = dice.upTo(250);
    await sleep(after);
    await daemon.kill9();
    await doing;
    await daemon.restart();
    await assertWhole(`${step.join(' ')}, killed after ${Math.round(after)} ms (seed ${dice.seed})`);
    // What was cut off can be done, or has been.
    await daemon.tryDocker(step);
    await assertWhole(`${step.join(' ')}, done again`);
  }
});
