import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { eventually } from './life-rig.ts';
import { PluginRig } from './plugin-rig.ts';
import { VolumeRig } from './volume-rig.ts';

/** Volumes of a plugin: a small real one in the host, seen with the docker command. Words: `peer-sessions.test.ts`. */

let rig: VolumeRig;
let plugin: PluginRig;

before(async () => {
  rig = await VolumeRig.start();
  plugin = new PluginRig(rig.host, 'volume');
  await plugin.start();
});

after(() => rig[Symbol.asyncDispose]());

/** Whatever a test did, nothing of it may stay, neither here nor in the plugin's books. */
afterEach(async () => {
  plugin.hush();
  const client = api();
  const containers = await client.json<readonly { Id: string }[]>('GET', '/containers/json', { query: { all: 1 } });
  for (const { Id } of containers) await client.text('DELETE', `/containers/${Id}`, { query: { force: 1, v: 1 } });
  const { Volumes } = await client.json<{ Volumes: readonly { Name: string }[] }>('GET', '/volumes');
  for (const { Name } of Volumes) await client.text('DELETE', `/volumes/${Name}`);
  assert.deepEqual([rig.directories(), await rig.mounts(), readdirSync(placeOf())], [[], [], []]);
  plugin.calls();
});

const docker = (...words: string[]) => rig.docker(...words);
const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const placeOf = (...path: string[]) => join(rig.host.folder, 'plugin/volumes', ...path);
const contentOf = (name: string, path = '') => placeOf(name, 'content', path);
/** Ids of the mounts that the plugin has. */
const mountsOf = (name: string) => readdirSync(placeOf(name, 'mounts'));
const asked = () => plugin.calls().map(({ method, body }) => [method.split('.')[1], body?.['Name']].join(' ').trim());
const socket = '/run/docker/plugins/plug.sock';
const api = () => new ApiClient(`unix://${rig.daemon.socketPath}`);

test('a container has a plugin’s volume mounted while it runs, once, and told apart from other mounts', async () => {
  await docker('volume', 'create', '-d', 'plug', '-o', 'k=v', 'web');
  assert.deepEqual(asked(), ['Activate', 'Capabilities', 'Get web', 'Create web', 'Get web']);
  const id = await docker('run', '-d', '--name', 'first', '-v', 'web:/a', '-v', 'web:/b', 'busybox', 'sleep', '1000');
  const [mount, ...others] = mountsOf('web');
  assert.deepEqual([mount?.length, others, id === mount], [64, [], false]);
  await docker('exec', 'first', 'sh', '-c', 'echo hello >/a/note');
  assert.equal(readFileSync(contentOf('web', 'note'), 'utf8'), 'hello\n');
  assert.equal(await docker('exec', 'first', 'cat', '/b/note'), 'hello');
  const [{ Driver, Source, Name }] = JSON.parse(await docker('inspect', '-f', '{{json .Mounts}}', 'first'));
  assert.deepEqual([Driver, Source, Name], ['plug', contentOf('web'), 'web']);
  await docker('run', '-d', '--name', 'second', '--volumes-from', 'first', 'busybox', 'sleep', '1000');
  assert.equal(mountsOf('web').length, 2);
  await docker('restart', '-t', '0', 'first');
  assert.equal(mountsOf('web').length, 2);
  assert.ok(!mountsOf('web').includes(mount ?? ''));
  await docker('kill', 'first', 'second');
  await docker('wait', 'first', 'second');
  assert.deepEqual(mountsOf('web'), []);
});

test('the image’s content is copied, unless that was forbidden, and files come and go while nothing runs', async () => {
  await docker('create', '--name', 'full', '--volume-driver', 'plug', '-v', 'full:/data', 'seeded');
  assert.equal(readFileSync(contentOf('full', 'file'), 'utf8'), 'from the image\n');
  assert.deepEqual(mountsOf('full'), []);
  const bare = 'type=volume,src=bare,dst=/data,volume-driver=plug,volume-nocopy,volume-opt=x=y';
  await docker('create', '--name', 'bare', '--mount', bare, 'seeded');
  assert.deepEqual(readdirSync(contentOf('bare')), []);
  assert.equal(readFileSync(placeOf('bare', 'options.json'), 'utf8'), '{"x":"y"}');
  plugin.calls();
  await docker('cp', 'full:/data/file', join(rig.host.folder, 'copy'));
  await docker('cp', join(rig.host.folder, 'copy'), 'bare:/data/copy');
  assert.deepEqual([...new Set(asked())], ['Mount full', 'Unmount full', 'Mount bare', 'Unmount bare']);
  assert.equal(readFileSync(contentOf('bare', 'copy'), 'utf8'), 'from the image\n');
});

test('anonymous volumes of a plugin go with their container', async () => {
  await docker('run', '--rm', '--volume-driver', 'plug', '-v', '/extra', 'seeded', 'true');
  await eventually('the volumes are gone', async () => readdirSync(placeOf()).length === 0);
  await docker('create', '--name', 'kept', '--volume-driver', 'plug', 'seeded');
  assert.match(await docker('volume', 'ls'), /^plug +[0-9a-f]{64}$/m);
  await docker('rm', '-v', 'kept');
  assert.deepEqual(readdirSync(placeOf()), []);
});

test('volumes that the plugin made for others are there, and those that it lost are not', async () => {
  await docker('volume', 'create', '-d', 'plug', 'theirs');
  writeFileSync(placeOf('theirs', 'options.json'), '{"created":"2024-01-02T03:04:05Z"}');
  await rig.daemon.restart();
  const [{ CreatedAt, Status, Scope }] = JSON.parse(await docker('volume', 'inspect', 'theirs'));
  assert.deepEqual([CreatedAt, Scope, Status], ['2024-01-02T03:04:05Z', 'global', { mounts: 0, kind: 'directory' }]);
  await rig.host.exec('cp', '-r', placeOf('theirs'), placeOf('copied'));
  assert.deepEqual(lines(await docker('volume', 'ls', '-q')).sort(), ['copied', 'theirs']);
  await docker('run', '--rm', '-v', 'copied:/c', 'busybox', 'touch', '/c/file');
  assert.ok(existsSync(contentOf('copied', 'file')), 'a name that nobody remembers is a plugin’s before it is new');
  rmSync(placeOf('theirs'), { recursive: true });
  // The docker command of 20.10 has words of its own for all that is not found.
  await assert.rejects(api().text('GET', '/volumes/theirs'), { message: 'get theirs: no such volume' });
  assert.deepEqual(lines(await docker('volume', 'ls', '-q')), ['copied']);
});

test('a plugin that refuses is quoted, and nothing is left of what it refused', async () => {
  const said = (text: string) => `Error response from daemon: ${text}`;
  await docker('volume', 'create', '-d', 'plug', 'web');
  plugin.say('VolumeDriver.Mount', { body: { Err: 'no mount' } });
  const mounting = `error while mounting volume '${contentOf('web')}': no mount`;
  const run = (...words: string[]) => rig.refusal('run', '--name', 'one', '-v', 'web:/x', ...words);
  assert.match(await run('busybox', 'true'), new RegExp(said(mounting)));
  assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}} {{.State.Error}}', 'one'), `128 ${mounting}`);
  await docker('rm', 'one');
  assert.match(
    await run('-v', 'web:/data', 'seeded', 'true'),
    new RegExp(said(`failed to populate volume: ${mounting}`)),
  );
  assert.equal(await docker('ps', '-aq'), '');
  plugin.say('VolumeDriver.Mount', { body: {} });
  assert.match(await run('busybox', 'true'), /the plugin names no path: ""/);
  await docker('rm', 'one');
  plugin.say('VolumeDriver.Create', { status: 500, body: { Err: 'five' } });
  const creating = said('create bad: VolumeDriver.Create: five');
  assert.equal(await rig.refusal('volume', 'create', '-d', 'plug', 'bad'), creating);
  assert.match(
    await rig.refusal('run', '--volume-driver', 'plug', '-v', 'bad:/x', 'busybox', 'true'),
    new RegExp(creating),
  );
  plugin.say('VolumeDriver.Remove', { body: { Err: 'no remove' } });
  for (const force of [[], ['-f']]) {
    assert.equal(await rig.refusal('volume', 'rm', ...force, 'web'), said('remove web: no remove'));
  }
  assert.deepEqual([lines(await docker('volume', 'ls', '-q')), await docker('ps', '-aq')], [['web'], '']);
});

test('a plugin that has gone is told of in lists, keeps nobody from stopping, and hears the rest when it is back', async () => {
  await docker('volume', 'create', '-d', 'plug', 'web');
  await docker('run', '-d', '--name', 'up', '-v', 'web:/x', 'busybox', 'sleep', '1000');
  await docker('create', '--name', 'down', '-v', 'web:/x', 'busybox', 'true');
  await plugin.end(() => rig.daemon.tryDocker(['volume', 'ls']));
  const { Volumes, Warnings } = await api().json<{ Volumes: { Name: string }[]; Warnings: string[] }>(
    'GET',
    '/volumes',
  );
  const reason = `Post "http://${encodeURIComponent(socket)}/VolumeDriver.List": dial unix ${socket}: connect:`;
  assert.deepEqual([Volumes.map(({ Name }) => Name), Warnings], [['web'], [`list plug: ${reason} connection refused`]]);
  await docker('rm', '-f', 'up');
  assert.equal(mountsOf('web').length, 1, 'nobody was there to be told');
  await rig.host.exec('rm', socket);
  const missing = 'error looking up volume plugin plug: plugin "plug" not found';
  assert.match(
    await rig.refusal('start', 'down'),
    new RegExp(`error while mounting volume '.*web/content': ${missing}`),
  );
  const checking = `error while checking if volume "web" exists in driver "plug": ${missing}`;
  await assert.rejects(api().text('GET', '/volumes/web'), { message: `get web: ${checking}` });
  await docker('volume', 'create', 'beside');
  await plugin.start();
  await docker('start', '-a', 'down');
  assert.deepEqual(mountsOf('web'), []);
  assert.deepEqual(asked().slice(-3), ['Unmount web', 'Mount web', 'Unmount web']);
});

test('a plugin that hangs holds nobody who wants an end', async () => {
  const begun = performance.now();
  await docker('volume', 'create', '-d', 'plug', 'web');
  const create = ['--name', 'stuck', '-v', 'web:/x', 'busybox', 'sleep', '1000'];
  /** Ask for what a plugin does not answer, and end it; a call may take a minute. */
  const cutOff = async (method: string, ask: () => Promise<string>, end: readonly string[]): Promise<string> => {
    plugin.calls();
    plugin.say(`VolumeDriver.${method}`, 'hang');
    const asking = ask();
    await eventually(`${method} is asked`, async () => plugin.unreadCalls().includes(`VolumeDriver.${method}"`));
    await rig.daemon.tryDocker([...end, 'stuck']);
    plugin.hush();
    return await asking;
  };
  for (const end of [['stop'], ['kill'], ['rm', '-f']]) {
    assert.match(await cutOff('Mount', () => rig.refusal('run', '-d', ...create), end), /": context canceled/);
    await rig.daemon.tryDocker(['rm', '-f', 'stuck']);
  }
  const filled = ['--name', 'stuck', '-v', 'web:/data', 'seeded', 'true'];
  assert.match(await cutOff('Mount', () => rig.refusal('create', ...filled), ['rm']), /": context canceled/);
  await docker('create', ...create);
  const copy = () => rig.refusal('cp', 'stuck:/x', rig.host.folder);
  assert.match(await cutOff('Mount', copy, ['rm']), /": context canceled/);
  await docker('run', '-d', '--volume-driver', 'plug', '-v', '/anonymous', ...create);
  await cutOff('Unmount', () => docker('stop', '-t', '0', 'stuck'), ['rm', '-f']);
  await docker('run', '-d', '--volume-driver', 'plug', '-v', '/anonymous', ...create);
  await cutOff('Remove', () => docker('rm', '-fv', 'stuck'), ['rm', '-f']);
  // A single call that is waited for until it is given up takes longer than all of this.
  assert.ok(performance.now() - begun < 50_000);
  // Who was not told for want of an answer is told by the next daemon.
  await rig.daemon.restart();
  await eventually('all mounts are taken back', async () => mountsOf('web').length === 0);
  await eventually('what was to be removed is gone', async () => readdirSync(placeOf()).length === 2);
});

test('by force a volume is forgotten whose plugin is gone for good', async () => {
  await docker('volume', 'create', '-d', 'plug', 'web');
  await rig.host.exec('mv', socket, `${socket}.away`);
  await assert.rejects(
    api().text('DELETE', '/volumes/web'),
    /error looking up volume plugin plug: plugin "plug" not found/,
  );
  await docker('volume', 'rm', '-f', 'web');
  assert.equal(await docker('volume', 'ls', '-q'), '');
  await rig.host.exec('mv', `${socket}.away`, socket);
});

test('a plugin that comes up after the daemon is waited for by who is to start with the daemon', async () => {
  await docker('volume', 'create', '-d', 'plug', 'web');
  await docker('run', '-d', '--name', 'early', '--restart', 'always', '-v', 'web:/x', 'busybox', 'sleep', '1000');
  await docker('stop', '-t', '0', 'early');
  await rig.host.exec('mv', socket, `${socket}.away`);
  await rig.daemon.restart();
  const state = async (field: string) => await docker('inspect', '-f', `{{.State.${field}}}`, 'early');
  await eventually('it waits', async () => /plugin "plug" not found/.test(await state('Error')));
  await rig.host.exec('mv', `${socket}.away`, socket);
  await eventually('it runs', async () => (await state('Status')) === 'running');
  assert.equal(await state('Error'), '');
});

test('a killed daemon leaves what runs as it is, and takes back what did not come to run', async () => {
  for (const name of ['steady', 'mortal', 'cut', 'doomed']) await docker('volume', 'create', '-d', 'plug', name);
  const start = async (name: string) =>
    await docker('run', '-d', '--name', name, '-v', `${name}:/x`, 'busybox', 'sleep', '1000');
  await start('steady');
  const mortal = await start('mortal');
  // From here on the plugin has done what it is asked for, and the daemon is killed before it hears so.
  for (const method of ['Mount', 'Remove']) plugin.say(`VolumeDriver.${method}`, 'hang');
  const cut = start('cut').catch(() => {});
  await eventually('the plugin is asked', async () => plugin.unreadCalls().includes('"Name":"cut","ID"'));
  const doomed = docker('volume', 'rm', 'doomed').catch(() => {});
  await eventually('the volume is removed', async () => plugin.unreadCalls().includes('VolumeDriver.Remove'));
  await rig.daemon.kill9();
  await Promise.all([cut, doomed]);
  const container = ['-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead'];
  await rig.host.exec('ctr', ...container, 'task', 'kill', '-s', 'SIGKILL', mortal);
  plugin.hush();
  plugin.calls();
  await rig.daemon.restart();
  const told = () => plugin.unreadCalls();
  await eventually('the plugin is told', async () =>
    ['Remove', 'Unmount'].every((method) => told().includes(`VolumeDriver.${method}`)),
  );
  await eventually('nothing is left', async () => mountsOf('mortal').length === 0 && !existsSync(placeOf('doomed')));
  assert.equal(mountsOf('steady').length, 1);
  assert.match(told(), /VolumeDriver\.Unmount[^\n]*"Name":"cut"/);
  assert.deepEqual(lines(await docker('volume', 'ls', '-q')).sort(), ['cut', 'mortal', 'steady']);
  await docker('rm', '-f', 'steady');
  assert.deepEqual(mountsOf('steady'), []);
});
