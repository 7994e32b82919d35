import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { Registry } from '../lab/registry.ts';
import { EngineHost } from './engine-host.ts';
import { eventuallyEqual } from './life-rig.ts';

/**
 * Images that containers mount (`--mount type=image`), asked for with the docker command where it knows them (from 28 on), and
 * else with Fairlead's own.
 */

const parts = new AsyncDisposableStack();
let engine: EngineHost;
let knowsImages = false;

const dockerfile = [
  'FROM busybox',
  'RUN mkdir -p /site/pages /site/odd && echo front >/site/pages/index && chown 33 /site/pages/index',
  'RUN ln -s ../pages /site/odd/near && ln -s ../../../.. /site/odd/up && ln -s /etc /site/odd/absolute',
  'RUN rm /etc/passwd && echo second >/site/second',
].join('\n');

before(async () => {
  engine = parts.use(await EngineHost.start());
  const { stdout } = await engine.daemon.tryDocker(['version', '--format', '{{.Client.Version}}']);
  knowsImages = Number.parseInt(stdout, 10) >= 28;
  await build('site', dockerfile);
  const root = join(engine.host.folder, 'flat');
  await engine.host.exec('sh', '-c', `mkdir ${root} && echo flat >${root}/file && tar -C ${root} -cf ${root}.tar .`);
  await docker('import', `${root}.tar`, 'flat');
});

after(() => parts.disposeAsync());

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trimEnd();
const api = (version?: string) => new ApiClient(`unix://${engine.daemon.socketPath}`, version);
const view = (source: string, target = '/x', more = '') =>
  ['--mount', `type=image,source=${source},target=${target}${more}`] as const;

async function build(name: string, text: string): Promise<void> {
  const ended = await engine.daemon.tryDocker(['build', '-t', name, '-'], {
    input: text,
    env: { DOCKER_BUILDKIT: '0' },
  });
  assert.equal(ended.code, 0, ended.stderr);
}

/** `docker run` and the like with image mounts. */
async function say(...words: string[]): Promise<string> {
  return (await (knowsImages ? engine.daemon.docker(...words) : engine.fairlead(...words))).trimEnd();
}

async function refusal(...words: string[]): Promise<string> {
  const ended = await (knowsImages ? engine.daemon.tryDocker(words) : engine.tryFairlead(...words));
  assert.notEqual(ended.code, 0, words.join(' '));
  return ended.stderr;
}

async function create(name: string, mount: object, version?: string): Promise<string> {
  const body = { Image: 'busybox', Cmd: ['ls', '/x'], HostConfig: { Mounts: [{ Type: 'image', ...mount }] } };
  const { Id } = await api(version).json<{ Id: string }>('POST', '/containers/create', { query: { name }, body });
  return Id;
}

/** What the engine has of images that are mounted: in containerd, and in the host. */
async function leftovers(): Promise<string[]> {
  const socket = '/run/fairlead/containerd/containerd.sock';
  const snapshots = await engine.host.exec('ctr', '-a', socket, '-n', 'fairlead', 'snapshots', 'ls');
  const table = await engine.host.exec('cat', '/proc/self/mountinfo');
  const mounts = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  return [
    ...snapshots.split('\n').filter((line) => line.includes('-image-')),
    ...mounts.filter((point) => point.startsWith('/run/fairlead/view')),
  ];
}

test('all layers of an image are seen as a container of it would see them, and nothing can be written', async () => {
  const script =
    'cat /x/site/pages/index /x/site/second; stat -c %u /x/site/pages/index; ls /x/etc/passwd; touch /x/new';
  const ended = await (knowsImages
    ? engine.daemon.tryDocker(['run', '--rm', ...view('site'), 'busybox', 'sh', '-c', script])
    : engine.tryFairlead('run', '--rm', ...view('site'), 'busybox', 'sh', '-c', script));
  assert.equal(ended.stdout, 'front\nsecond\n33\n');
  assert.match(ended.stderr, /passwd: No such file or directory\n.*Read-only file system/);
  assert.equal(await say('run', '--rm', ...view('flat'), 'busybox', 'cat', '/x/file'), 'flat');
  const both = [...view('site', '/a'), ...view('site', '/b', ',readonly')];
  assert.equal(
    await say('run', '--rm', ...both, 'busybox', 'cat', '/a/site/second', '/b/site/second'),
    'second\nsecond',
  );
  await eventuallyEqual(leftovers, []);
});

test('a part of an image can be mounted, and no link leads out of it', async () => {
  const part = (path: string) => view('site', '/x', `,image-subpath=${path}`);
  assert.equal(await say('run', '--rm', ...part('site/pages'), 'busybox', 'ls', '/x'), 'index');
  assert.equal(await say('run', '--rm', ...part('site/pages/index'), 'busybox', 'cat', '/x'), 'front');
  assert.equal(await say('run', '--rm', ...part('site/odd/near'), 'busybox', 'ls', '/x'), 'index');
  for (const [path, reason] of [
    ['site/odd/up', /path concatenation escapes the base directory, base: .*, subpath: site\/odd\/up/],
    ['site/odd/absolute', /path concatenation escapes the base directory/],
    ['absent', /cannot access path .*\/absent: lstat .*\/absent: no such file or directory/],
    ['../x', /invalid mount config for type "image": subpath must be a relative path within the volume/],
  ] as const) {
    assert.match(await refusal('run', '--rm', ...part(path), 'busybox', 'true'), reason);
  }
  await eventuallyEqual(leftovers, []);
});

test('who asks wrongly is told so in Docker’s words', async () => {
  const invalid = 'invalid mount config for type "image": ';
  const strange = { Source: 'site', Target: '/x', VolumeOptions: {} };
  for (const [mount, code, message] of [
    [{ Target: '/x' }, 'invalid-argument', `${invalid}field Source must not be empty`],
    [strange, 'invalid-argument', `${invalid}field VolumeOptions must not be specified`],
    [{ Source: 'absent', Target: '/x' }, 'not-found', 'No such image: absent:latest'],
  ] as const) {
    await assert.rejects(create('wrong', mount), { code, message });
  }
  await assert.rejects(create('old', { Source: 'site', Target: '/x' }, '1.47'), {
    code: 'invalid-argument',
    message: 'Mount type "Image" needs API v1.48 or newer',
  });
});

test('inspect shows what was asked for, and what it meant', async () => {
  const { Id: image } = await api().json<{ Id: string }>('GET', '/images/site/json');
  const asked = { Type: 'image', Source: 'site', Target: '/x', ImageOptions: { Subpath: 'site' } };
  const id = await create('shown', { ...asked, Source: 'site' });
  const shown = await api().json<{ Mounts: unknown; HostConfig: { Mounts: unknown } }>('GET', `/containers/${id}/json`);
  assert.deepEqual(shown.HostConfig.Mounts, [asked]);
  const place = { Type: 'image', Name: 'site', Source: image, Destination: '/x' };
  assert.deepEqual(shown.Mounts, [{ ...place, Mode: '', RW: false, Propagation: 'rprivate' }]);
  await docker('rm', 'shown');
  // By ID and by digest as well as by name.
  assert.equal(await say('run', '--rm', ...view(image), 'busybox', 'cat', '/x/site/second'), 'second');
});

test('an image is mounted by its name and digest, and one for another platform like any other', async () => {
  const { address } = await Registry.start(engine.host);
  const name = `${address}/team/site`;
  await docker('tag', 'site', `${name}:v1`);
  const [digest = ''] = /sha256:[0-9a-f]{64}/.exec(await docker('push', `${name}:v1`)) ?? [];
  for (const reference of [`${name}@${digest}`, `${name}:v1@${digest}`]) {
    assert.equal(await say('run', '--rm', ...view(reference), 'busybox', 'cat', '/x/site/second'), 'second', reference);
  }
  await docker('rmi', `${name}:v1`);
  await docker('pull', '-q', `${name}@${digest}`);
  const id = await create('pinned', { Source: `${name}@${digest}`, Target: '/x', ImageOptions: { Subpath: 'site' } });
  assert.equal(await docker('start', '-a', id), 'odd\npages\nsecond');
  const [mount] = JSON.parse(await docker('inspect', '-f', '{{json .Mounts}}', id));
  assert.equal(mount.Name, `${name}@${digest}`);
  await docker('rm', id);
  const wrong = `${name}@sha256:${'0'.repeat(64)}`;
  const unknown = { code: 'not-found', message: `No such image: ${wrong}` };
  await assert.rejects(create('wrong', { Source: wrong, Target: '/x' }), unknown);
  const root = join(engine.host.folder, 'elsewhere');
  await engine.host.exec('sh', '-c', `mkdir ${root} && echo far >${root}/file && tar -C ${root} -cf ${root}.tar .`);
  await docker('import', '--platform', 'linux/s390x', `${root}.tar`, 'elsewhere');
  assert.equal(await docker('image', 'inspect', '-f', '{{.Architecture}}', 'elsewhere'), 's390x');
  assert.equal(await say('run', '--rm', ...view('elsewhere'), 'busybox', 'cat', '/x/file'), 'far');
  await eventuallyEqual(leftovers, []);
});

test('an image stays as long as a container mounts it, and its content even without it', async () => {
  await build('gone', 'FROM busybox\nLABEL goes=yes\nRUN echo one >/one\nRUN echo two >/two');
  const { Id: image } = await api().json<{ Id: string }>('GET', '/images/gone/json');
  const short = image.slice('sha256:'.length, 'sha256:'.length + 12);
  const id = await say('run', '-d', '--name', 'user', ...view('gone'), 'busybox', 'sleep', '1000');
  const using = `container ${id.slice(0, 12)} is using its referenced image ${short}`;
  const forced = (await engine.daemon.tryDocker(['rmi', 'gone'])).stderr;
  assert.match(forced, new RegExp(`unable to remove repository reference "gone" \\(must force\\) - ${using}`));
  await docker('stop', '-t', '0', 'user');
  await docker('image', 'prune', '-af', '--filter', 'label=goes=yes');
  assert.equal((await docker('images', '-q', 'gone')).length, 12);
  await docker('rmi', '-f', 'gone');
  assert.equal(await docker('images', '-q', 'gone'), '');
  await docker('start', 'user');
  assert.equal(await docker('exec', 'user', 'cat', '/x/one', '/x/two'), 'one\ntwo');
  const heir = await say('run', '--rm', '--volumes-from', 'user', 'busybox', 'cat', '/x/two');
  assert.equal(heir, 'two');
  await docker('rm', '-f', 'user');
  await eventuallyEqual(leftovers, []);
});

test('files of a mounted image are copied from a container, whether it runs or not, and none into it', async () => {
  const folder = join(engine.host.folder, 'copied');
  await engine.host.exec('mkdir', folder);
  await say('create', '--name', 'holder', ...view('site', '/x', ',image-subpath=site'), 'busybox', 'sleep', '1000');
  await docker('cp', 'holder:/x/pages/index', join(folder, 'still'));
  await docker('start', 'holder');
  await docker('cp', 'holder:/x/pages/index', join(folder, 'running'));
  assert.deepEqual(readdirSync(folder).sort(), ['running', 'still']);
  await docker('kill', 'holder');
  const into = await engine.daemon.tryDocker(['cp', join(folder, 'still'), 'holder:/x/new']);
  assert.match(into.stderr, /mounted volume is marked read-only/);
  await docker('rm', 'holder');
  await eventuallyEqual(leftovers, []);
});

test('what is mounted outlives the daemon and its death, and what a creation or removal left goes', async () => {
  await say('run', '-d', '--name', 'steady', ...view('site'), 'busybox', 'sleep', '1000');
  await say('create', '--name', 'waiting', ...view('site'), 'busybox', 'cat', '/x/site/second');
  const socket = '/run/fairlead/containerd/containerd.sock';
  const ctr = ['ctr', '-a', socket, '-n', 'fairlead', 'snapshots'];
  const { RootFS } = await api().json<{ RootFS: { Layers: string[] } }>('GET', '/images/flat/json');
  await engine.daemon.kill9();
  await engine.host.exec(...ctr, 'view', `${'0'.repeat(64)}-image-${'0'.repeat(12)}`, RootFS.Layers[0] ?? '');
  await engine.host.exec('mkdir', '-p', '/run/fairlead/view/left/root');
  await engine.host.exec('mount', '-t', 'tmpfs', 'tmpfs', '/run/fairlead/view/left/root');
  await engine.daemon.restart();
  assert.equal((await leftovers()).length, 2);
  assert.equal(await docker('exec', 'steady', 'cat', '/x/site/pages/index'), 'front');
  await docker('restart', '-t', '0', 'steady');
  assert.equal(await docker('exec', 'steady', 'cat', '/x/site/pages/index'), 'front');
  assert.equal(await docker('start', '-a', 'waiting'), 'second');
  await docker('rm', '-f', 'steady', 'waiting');
  await eventuallyEqual(leftovers, []);
});

test('of creations that are cut off there is all or nothing', async () => {
  for (let round = 0; round < 3; round++) {
    const asked = [1, 2, 3, 4, 5, 6].map((number) =>
      create(`cut-${round}-${number}`, { Source: 'site', Target: '/x' }).catch((error: unknown) => error),
    );
    // Now before anything is made, now when some are, now in the middle.
    for (let turns = 0; turns < 2 * round + 1; turns++) await api().text('GET', '/_ping');
    await engine.daemon.kill9();
    await Promise.all(asked);
    await engine.daemon.restart();
    const made = (await docker('ps', '-aq')).split('\n').filter((id) => id !== '');
    assert.equal((await leftovers()).length, made.length);
    for (const id of made) assert.match(await docker('start', '-a', id), /^site$/m);
    if (made.length > 0) await docker('rm', ...made);
    await eventuallyEqual(leftovers, []);
  }
});
