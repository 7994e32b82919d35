import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { VolumeRig } from './volume-rig.ts';

/** Volumes, driven by the real docker command. */

let rig: VolumeRig;

before(async () => {
  rig = await VolumeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

/** Whatever a test did, nothing of it may stay: neither directories nor mounts. */
afterEach(async () => {
  const ids = (await rig.docker('ps', '-aq')).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await rig.docker('rm', '-fv', ...ids);
  const names = (await rig.docker('volume', 'ls', '-q')).split('\n').filter((name) => name !== '');
  if (names.length > 0) await rig.docker('volume', 'rm', ...names);
  assert.deepEqual([rig.directories(), await rig.mounts()], [[], []]);
});

const docker = (...words: string[]) => rig.docker(...words);
const refusal = (...words: string[]) => rig.refusal(...words);
const daemonSays = (text: string) => `Error response from daemon: ${text}`;
const api = () => new ApiClient(`unix://${rig.daemon.socketPath}`);
const listed = async (...words: string[]) => (await docker('volume', 'ls', '-q', ...words)).split('\n').sort();
const contentOf = (name: string, path = '') => join(rig.root, name, '_data', path);

interface Mount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}
const mountsOf = async (container: string): Promise<Mount[]> =>
  JSON.parse(await docker('inspect', '-f', '{{json .Mounts}}', container));

test('a volume is made once, shown, listed and removed', async () => {
  assert.equal(await docker('volume', 'create', '--label', 'tier=front', 'web'), 'web');
  assert.equal(await docker('volume', 'create', 'web'), 'web');
  const [shown] = JSON.parse(await docker('volume', 'inspect', 'web'));
  assert.match(shown.CreatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    [shown.Name, shown.Driver, shown.Scope, shown.Mountpoint, shown.Labels, shown.Options ?? {}],
    ['web', 'local', 'local', contentOf('web'), { tier: 'front' }, {}],
  );
  assert.match(await docker('volume', 'create'), /^[0-9a-f]{64}$/);
  await docker('volume', 'create', 'db');
  await docker('create', '-v', 'db:/db', 'busybox');
  assert.deepEqual(await listed('--filter', 'name=^(web|db)$'), ['db', 'web']);
  assert.deepEqual(await listed('--filter', 'label=tier=front'), ['web']);
  assert.deepEqual(await listed('--filter', 'dangling=false'), ['db']);
  assert.equal(await docker('volume', 'rm', 'web'), 'web');
  assert.equal(existsSync(join(rig.root, 'web')), false);
});

test('what cannot be is refused in the words that users know', async () => {
  const id = await docker('create', '-v', 'web:/web', 'busybox');
  const invalid = 'includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed';
  const advice = 'If you intended to pass a host directory, use absolute path';
  const cases: readonly (readonly [words: string, text: string])[] = [
    ['volume rm web', `remove web: volume is in use - [${id}]`],
    ['volume rm -f web', `remove web: volume is in use - [${id}]`],
    ['volume create a', 'create a: volume name is too short, names should be at least two alphanumeric characters'],
    ['volume create -d nope other', 'create other: error looking up volume plugin nope: plugin "nope" not found'],
    ['volume create -o foo=bar other', 'create other: invalid option: "foo"'],
    ['volume create -o type=tmpfs other', 'create other: missing required option: "device"'],
    ['volume create -o size=1m other', 'create other: quota size requested but no quota support'],
    ['volume ls --filter strange=1', "invalid filter 'strange'"],
    ['volume prune -f --filter until=1h', "invalid filter 'until'"],
    ['run -v a/b:/x busybox true', `create a/b: "a/b" ${invalid}. ${advice}`],
    ['run -v one:/a -v two:/a busybox true', 'Duplicate mount point: /a'],
    ['run -v one:/a:strange busybox true', 'invalid mode: strange'],
    ['run --volumes-from absent busybox true', 'No such container: absent'],
    ['run --volumes-from absent:zz busybox true', 'invalid mode: zz'],
    ['run -v /bin/busybox busybox true', 'cannot mount volume over existing file, file exists /bin/busybox'],
  ];
  for (const [words, text] of cases)
    assert.equal((await refusal(...words.split(' '))).split('\n').at(-1), daemonSays(text), words);
  for (const verb of ['inspect', 'rm']) assert.match(await refusal('volume', verb, 'absent'), /no such volume/i);
  assert.equal(await docker('volume', 'rm', '-f', 'absent'), 'absent');
  assert.deepEqual(await listed(), ['web']);
});

test('content stays when containers go, and is shared between them', async () => {
  await rig.shell(['-v', 'web:/srv'], 'echo hello >/srv/note');
  assert.equal(await rig.shell(['-v', 'web:/else'], 'cat /else/note'), 'hello');
  assert.equal(readFileSync(contentOf('web', 'note'), 'utf8'), 'hello\n');
  assert.match(await rig.shell(['-v', 'web:/srv:ro'], 'touch /srv/x 2>&1 || true'), /Read-only file system/);
  await docker('run', '-d', '--name', 'writer', '-v', 'web:/srv', 'busybox', 'sleep', '1000');
  await docker('exec', 'writer', 'sh', '-c', 'echo more >>/srv/note');
  assert.equal(await rig.shell(['--mount', 'type=volume,src=web,dst=/srv,readonly'], 'cat /srv/note'), 'hello\nmore');
  assert.deepEqual(await mountsOf('writer'), [
    {
      Type: 'volume',
      Name: 'web',
      Source: contentOf('web'),
      Destination: '/srv',
      Driver: 'local',
      Mode: 'z',
      RW: true,
      Propagation: '',
    },
  ]);
});

test('the image’s content is copied into an empty volume, with owners and modes, and into no other', async () => {
  const look = 'stat -c "%n %u %g %a" /data /data/file; cat /data/file; readlink /data/link; cat /data/deep/other';
  const wanted = '/data 100 101 2770\n/data/file 1234 5678 640\nfrom the image\n/etc/hostname\ndeep';
  const run = (...options: string[]) => docker('run', '--rm', ...options, 'seeded', 'sh', '-c', look);
  assert.equal(await run(), wanted, 'an anonymous volume of the image');
  assert.equal(await run('-v', 'named:/data'), wanted);
  assert.equal(await run('--mount', 'type=volume,src=mounted,dst=/data'), wanted);
  assert.equal(statSync(contentOf('named', 'file')).uid, 1234);

  writeFileSync(contentOf('named', 'file'), 'changed\n');
  assert.match(await run('-v', 'named:/data'), /^changed$/m);
  await rig.shell(['-v', 'used:/x'], 'echo mine >/x/own');
  const names = (...options: string[]) => docker('run', '--rm', ...options, 'seeded', 'ls', '/data');
  assert.equal(await names('-v', 'used:/data'), 'own');
  assert.equal(await names('-v', 'plain:/data:nocopy'), '');
  assert.equal(await names('--mount', 'type=volume,src=bare,dst=/data,volume-nocopy'), '');
  const empty = await docker('run', '--rm', '-v', 'blank:/empty', 'seeded', 'stat', '-c', '%u %g %a', '/empty');
  assert.equal(empty, '7 8 1777');
});

test('links of the image do not lead out of it', async () => {
  const secret = join('/root', `fairlead-volume-test-${process.pid}`);
  const isSecretIn = (name: string) => existsSync(contentOf(name, secret.slice('/root/'.length)));
  writeFileSync(secret, 'of the host');
  try {
    for (const [name, path] of [
      ['one', '/outside'],
      ['two', '/climbing'],
      ['three', '/outside/../../root'],
    ] as const) {
      await docker('create', '-v', `${name}:${path}`, 'seeded');
      assert.equal(isSecretIn(name), false, path);
    }
  } finally {
    await rig.host.exec('rm', secret);
  }
  await docker('create', '-v', 'four:/inside', 'seeded');
  assert.equal(readFileSync(contentOf('four', 'other'), 'utf8'), 'deep\n');
});

test('own mounts win over those taken over, and these over the image’s', async () => {
  await docker('create', '--name', 'donor', '-v', 'shared:/shared', '-v', 'theirs:/data', '-v', '/anonymous', 'seeded');
  const names = async (container: string) =>
    (await mountsOf(container)).map(({ Destination, Name, RW }) => `${Destination} ${Name} ${RW}`).sort();
  const [anonymous] = (await mountsOf('donor')).filter(({ Destination }) => Destination === '/anonymous');
  await docker('create', '--name', 'heir', '--volumes-from', 'donor:ro', '-v', 'mine:/shared', 'seeded');
  assert.deepEqual(await names('heir'), [
    `/anonymous ${anonymous?.Name} false`,
    '/data theirs false',
    '/shared mine true',
  ]);
  await docker('create', '--name', 'second', '--volumes-from', 'donor', '--volumes-from', 'heir', 'busybox');
  assert.deepEqual(await names('second'), [
    `/anonymous ${anonymous?.Name} false`,
    '/data theirs false',
    '/shared mine true',
  ]);
  await docker('rm', '-v', 'donor');
  assert.ok((await listed()).includes(anonymous?.Name ?? 'none'), 'others have it still');
  await docker('rm', '-v', 'heir', 'second');
  assert.deepEqual(await listed(), ['mine', 'shared', 'theirs']);
});

test('anonymous volumes go with rm -v and --rm alone, named ones never', async () => {
  await docker('run', '--rm', '-v', 'named:/named', '-v', '/extra', 'seeded', 'true');
  assert.deepEqual(await listed(), ['named']);
  await docker('run', '--name', 'kept', '-v', 'named:/named', 'seeded', 'true');
  assert.equal((await listed()).length, 2);
  await docker('rm', 'kept');
  assert.equal((await listed()).length, 2);
  await docker('run', '-d', '--name', 'gone', '-v', 'named:/named', '-v', '/extra', 'seeded', 'sleep', '1000');
  assert.equal((await listed()).length, 4);
  await docker('rm', '-fv', 'gone');
  assert.equal((await listed()).length, 2);
  await rig.refusal('run', '--rm', 'seeded', 'no-such-program');
  assert.equal((await listed()).length, 2);
});

test('prune takes anonymous volumes that nobody has, and all of them when asked', async () => {
  await docker('volume', 'create', 'idle');
  await docker('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'memory');
  const anonymous = await docker('volume', 'create');
  await docker('create', '--name', 'user', '-v', 'used:/used', 'seeded');
  writeFileSync(contentOf(anonymous, 'file'), '12345');
  // Not with the docker command, which tells anonymous volumes from others since 23.
  const prune = (filters = {}) => api().json('POST', '/volumes/prune', { query: { filters: JSON.stringify(filters) } });
  assert.deepEqual(await prune(), { VolumesDeleted: [anonymous], SpaceReclaimed: 5 });
  assert.deepEqual(await prune({ all: ['true'] }), { VolumesDeleted: ['idle'], SpaceReclaimed: 0 });
  const old = await rig.daemon.tryDocker(['volume', 'create', 'older']);
  assert.equal(old.code, 0);
  const env = { DOCKER_API_VERSION: '1.41' };
  const { stdout } = await rig.daemon.tryDocker(['volume', 'prune', '-f'], { env });
  assert.match(stdout, /^Deleted Volumes:\nolder\n/);
  assert.equal((await listed()).length, 3);
});

test('disk usage tells of volumes', async () => {
  await rig.shell(['-v', 'web:/srv'], 'echo -n 12345678 >/srv/file');
  await docker('create', '-v', 'web:/srv', 'busybox');
  const format = '{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}}{{end}}';
  assert.equal(await docker('system', 'df', '-v', '--format', format), 'web 1 8B');
});

test('driver options are mounted while containers run, once for all of them', async () => {
  const options = ['-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=1m,uid=7'];
  await docker('volume', 'create', ...options, 'memory');
  assert.deepEqual(await rig.mounts(), []);
  await docker('run', '-d', '--name', 'first', '-v', 'memory:/m', 'busybox', 'sleep', '1000');
  await docker('exec', 'first', 'touch', '/m/file');
  assert.equal(await rig.shell(['-v', 'memory:/m'], 'stat -c %u /m; ls /m'), '7\nfile');
  assert.deepEqual(await rig.mounts(), [contentOf('memory')]);
  await docker('kill', 'first');
  assert.deepEqual(await rig.mounts(), []);
  await docker('start', 'first');
  assert.equal(await docker('exec', 'first', 'ls', '/m'), '', 'memory is new every time');
});

test('a bound directory is content of its owner, never of the volume', async () => {
  const directory = join(rig.host.folder, 'bound');
  mkdirSync(directory);
  writeFileSync(join(directory, 'precious'), 'mine\n');
  const options = ['-o', 'type=none', '-o', `device=${directory}`, '-o', 'o=bind'];
  await docker('volume', 'create', ...options, 'bound');
  assert.equal(await rig.shell(['-v', 'bound:/b'], 'cat /b/precious'), 'mine');
  await docker('run', '-d', '--name', 'user', '-v', 'bound:/b', 'busybox', 'sleep', '1000');
  await docker('rm', '-f', 'user');
  await docker('volume', 'rm', 'bound');
  assert.equal(readFileSync(join(directory, 'precious'), 'utf8'), 'mine\n');
  await docker('volume', 'create', '-o', 'type=none', '-o', 'device=/nosuch', '-o', 'o=bind', 'broken');
  const place = contentOf('broken');
  const reason = `mount /nosuch:${place}, flags: 0x1000: no such file or directory`;
  assert.equal(
    await refusal('run', '--rm', '-v', 'broken:/b', 'busybox', 'true'),
    daemonSays(`error while mounting volume '${place}': failed to mount local volume: ${reason}`),
  );
});

test('a part of a volume can be mounted, and no link leads from it', async () => {
  await rig.shell(['-v', 'web:/srv'], 'mkdir -p /srv/a/b; echo part >/srv/a/b/file; ln -s /etc /srv/out');
  // Not with the docker command, which knows parts since 26.
  const create = async (name: string, Subpath: string, script = 'true') => {
    const part = { Type: 'volume', Source: 'web', Target: '/p', VolumeOptions: { Subpath } };
    const body = { Image: 'busybox', Cmd: ['sh', '-c', script], HostConfig: { Mounts: [part] } };
    await api().text('POST', '/containers/create', { query: { name }, body });
    return name;
  };
  const writer = await create('writer', 'a/b', 'cat /p/file; echo new >/p/other');
  assert.equal(await docker('start', '-a', writer), 'part');
  assert.equal(readFileSync(contentOf('web', 'a/b/other'), 'utf8'), 'new\n');
  assert.match(await refusal('start', await create('linked', 'out')), /cannot access path .*\/_data\/out: /);
  assert.match(await refusal('start', await create('mistaken', 'absent')), /no such file or directory/);
  await assert.rejects(create('escaping', '../x'), /subpath must be a relative path within the volume/);
});

test('what is mounted below a read-only mount is read-only too, except for clients that do not expect it', async () => {
  const source = join(rig.host.folder, 'outer');
  mkdirSync(join(source, 'inner'), { recursive: true });
  await rig.host.exec('mount', '-t', 'tmpfs', 'tmpfs', join(source, 'inner'));
  const write = async (version: string, settings: object) => {
    const client = new ApiClient(`unix://${rig.daemon.socketPath}`, version);
    const body = { Image: 'busybox', Cmd: ['touch', '/outer/inner/file'], HostConfig: settings };
    const { Id } = await client.json<{ Id: string }>('POST', '/containers/create', { body });
    await client.text('POST', `/containers/${Id}/start`);
    const { StatusCode } = await client.json<{ StatusCode: number }>('POST', `/containers/${Id}/wait`);
    return StatusCode === 0;
  };
  const mount = (BindOptions: object) => ({
    Mounts: [{ Type: 'bind', Source: source, Target: '/outer', ReadOnly: true, BindOptions }],
  });
  const bind = { Binds: [`${source}:/outer:ro`] };
  assert.deepEqual([await write('1.44', bind), await write('1.43', bind)], [false, true]);
  assert.deepEqual([await write('1.44', mount({})), await write('1.43', mount({}))], [false, true]);
  assert.equal(await write('1.44', mount({ ReadOnlyNonRecursive: true })), true);
  assert.equal(await write('1.44', mount({ ReadOnlyForceRecursive: true })), false);
  await assert.rejects(write('1.43', mount({ ReadOnlyForceRecursive: true })), {
    message: 'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer',
  });
  await rig.host.exec('umount', join(source, 'inner'));
});

test('a mount makes the volume that it describes', async () => {
  const part = ['type=volume,src=made,dst=/m,volume-label=a=b,volume-driver=local'];
  const options = ['volume-opt=type=tmpfs', 'volume-opt=device=tmpfs'];
  await docker('create', '--mount', [...part, ...options].join(','), 'busybox');
  const [{ Labels, Options }] = JSON.parse(await docker('volume', 'inspect', 'made'));
  assert.deepEqual([Labels, Options], [{ a: 'b' }, { type: 'tmpfs', device: 'tmpfs' }]);
  assert.match(
    await refusal('create', '--volume-driver', 'nope', '-v', 'other:/x', 'busybox'),
    /create other: error looking up volume plugin nope: plugin "nope" not found/,
  );
});

test('Fairlead’s own command knows volumes too', async () => {
  const launcher = resolve(import.meta.dirname, '../../fairlead');
  const fairlead = (...words: string[]) => rig.host.exec(launcher, '-H', rig.daemon.address, ...words);
  assert.equal(await fairlead('volume', 'create', '--label', 'a=b', 'own'), 'own\n');
  await fairlead('run', '--rm', '-v', 'own:/o', '-v', '/anonymous', 'busybox', 'touch', '/o/file');
  assert.equal(await fairlead('volume', 'ls'), 'DRIVER    VOLUME NAME\nlocal     own\n');
  const part = ['--mount', 'src=own,dst=/p,volume-subpath=file,ro'];
  assert.equal(await fairlead('run', '--rm', ...part, 'busybox', 'ls', '/p'), '/p\n');
  assert.equal(await fairlead('volume', 'inspect', '-f', '{{.Labels.a}}', 'own'), 'b\n');
  assert.match(await fairlead('volume', 'prune', '-f', '-a'), /^Deleted Volumes:\nown\n/);
});

test('events come in Docker’s order with Docker’s attributes', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1);
  const id = await docker('create', '--name', 'seen', '-v', 'watched:/srv:ro', 'busybox', 'true');
  await docker('start', '-a', 'seen');
  await docker('rm', 'seen');
  await docker('volume', 'rm', 'watched');
  await sleep(1100);
  const until = String(Math.floor(Date.now() / 1000));
  const format = '{{.Type}} {{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}';
  const lines = (await docker('events', '--since', since, '--until', until, '--format', format)).split('\n');
  const volume = lines.filter((line) => line.startsWith('volume ') && line.includes(' watched '));
  const attributes = { container: id, destination: '/srv', driver: 'local', propagation: '', 'read/write': 'false' };
  assert.deepEqual(volume, [
    'volume create watched {"driver":"local"}',
    `volume mount watched ${JSON.stringify(attributes)}`,
    `volume unmount watched ${JSON.stringify({ container: id, driver: 'local' })}`,
    'volume destroy watched {"driver":"local"}',
  ]);
  const order = lines.flatMap((line) => /^((?:volume|container) \w+) /.exec(line)?.[1] ?? []);
  const own = order.slice(order.lastIndexOf('volume create'));
  assert.deepEqual(own, [
    'volume create',
    'container create',
    'container attach',
    'volume mount',
    'container start',
    'container die',
    'volume unmount',
    'container destroy',
    'volume destroy',
  ]);
});
