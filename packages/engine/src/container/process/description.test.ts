import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../model.ts';
import { type SampleContainer, sampleContainer, sampleTable } from '../testing/sample-container.ts';
import { type DescriptionSource, describeContainer } from './description.ts';

const files = {
  directory: '/d',
  hosts: '/d/hosts',
  hostname: '/d/hostname',
  resolvConf: '/d/resolv.conf',
  log: '/d/log',
  pipes: '/p',
};
const rootfs: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n',
  '/etc/group': 'root:x:0:\nteam:x:2000:app\nextra:x:3000:\n',
};

function describe(sample: SampleContainer, ...others: Container[]) {
  return describeWith({}, sample, ...others);
}

function describeWith(given: Partial<DescriptionSource>, sample: SampleContainer, ...others: Container[]) {
  return describeContainer({
    container: sampleContainer(sample),
    hostname: 'name',
    networkNamespace: '/run/netns/x',
    files,
    cgroupParent: '',
    table: sampleTable(...others),
    sourceOf: ({ volumeName, source }) => (volumeName === undefined ? source : `/volumes/${volumeName}/_data`),
    rootfsFile: (path) => rootfs[path] ?? '',
    sharedMemoryOf: (id) => `/shm/${id}`,
    findInit: () => '/usr/bin/tini',
    ...given,
  });
}

test('a plain container is put into the runtime’s words', () => {
  const described = describe({ id: 'abc', path: 'sh', args: ['-c', 'ls'], env: ['A=1'], workingDir: '/w' });
  const { id, args, env, cwd, hostname, namespaces, terminal, privileged, limits } = described;
  assert.deepEqual([id, args, env, cwd, hostname], ['abc', ['sh', '-c', 'ls'], ['A=1'], '/w', 'name']);
  assert.deepEqual([terminal, privileged, limits], [false, false, {}]);
  assert.deepEqual(namespaces, { network: { path: '/run/netns/x' }, pid: 'private', ipc: 'private', uts: 'private' });
  assert.equal('shmSize' in described, false);
});

test('options of mounts reach the runtime', () => {
  const bind = {
    nonRecursive: true,
    createMountpoint: false,
    readOnlyNonRecursive: false,
    readOnlyForceRecursive: false,
  };
  const tmpfs = { type: 'tmpfs', source: '', target: '/t', readOnly: true } as const;
  const { mounts } = describe({
    host: {
      mounts: [
        { type: 'bind', source: '/a', target: '/b', readOnly: false, propagation: 'rslave', bind },
        { ...tmpfs, size: 4096, permissions: 0o1770, tmpfsOptions: [['exec']] },
      ],
      tmpfs: { '/u': 'ro' },
    },
  });
  assert.deepEqual(mounts?.slice(-3), [
    { kind: 'bind', source: '/a', destination: '/b', readonly: false, propagation: 'rslave', nonRecursive: true },
    { kind: 'tmpfs', destination: '/t', options: ['exec', 'ro'], size: 4096, mode: 0o1770 },
    { kind: 'tmpfs', destination: '/u', options: ['ro'] },
  ]);
});

test('a container goes under the control group that it names, then under that of the engine', () => {
  const parentOf = (cgroupParent: string, own: string) =>
    describeWith({ cgroupParent }, { host: { cgroupParent: own } }).cgroupParent;
  assert.equal(parentOf('/all', ''), '/all');
  assert.equal(parentOf('/all', '/one'), '/one');
  assert.equal(parentOf('', ''), undefined);
});

test('an init is put first, unless somebody else’s processes are shared', () => {
  const described = describe({ path: 'sh', args: ['-c', 'ls'], host: { init: true } });
  assert.deepEqual(described.args, ['/sbin/docker-init', '--', 'sh', '-c', 'ls']);
  const mount = { kind: 'bind', source: '/usr/bin/tini', destination: '/sbin/docker-init', readonly: true };
  assert.deepEqual(described.mounts?.at(-1), mount);
  const shared = describe({ path: 'sh', host: { init: true, pidMode: 'host' } });
  assert.deepEqual(shared.args, ['sh']);
  assert.equal(shared.mounts?.length, 3);
});

test('users and groups are looked up in the container’s own files', () => {
  const user = (text: string, groupAdd: string[] = []) => {
    const { uid, gid, additionalGids } = describe({ user: text, host: { groupAdd } }).user;
    return [uid, gid, additionalGids];
  };
  assert.deepEqual(user(''), [0, 0, [0]]);
  assert.deepEqual(user('app'), [1000, 1001, [1001, 2000]]);
  assert.deepEqual(user('app', ['extra', '77']), [1000, 1001, [1001, 2000, 3000, 77]]);
  assert.deepEqual(user('5:team'), [5, 2000, [2000]]);
  const message = 'unable to find user nobody: no matching entries in passwd file';
  assert.throws(() => user('nobody'), { message });
});

test('the three files are bound unless something else is mounted there', () => {
  const destinations = (binds: string[]) => describe({ host: { binds } }).mounts?.map(({ destination }) => destination);
  assert.deepEqual(destinations([]), ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts']);
  assert.deepEqual(destinations(['/mine:/etc/hosts', '/a:/b']), [
    '/etc/resolv.conf',
    '/etc/hostname',
    '/etc/hosts',
    '/b',
  ]);
  const mounts = describe({
    host: { binds: ['/mine:/etc/hosts:ro,rslave'], tmpfs: { '/t': 'size=1m,mode=700' } },
  }).mounts;
  assert.deepEqual(mounts?.slice(2), [
    {
      kind: 'bind',
      source: '/mine',
      destination: '/etc/hosts',
      readonly: true,
      recursiveReadonly: true,
      propagation: 'rslave',
    },
    { kind: 'tmpfs', destination: '/t', options: ['size=1m', 'mode=700'] },
  ]);
});

test('namespaces can be the host’s or a running container’s', () => {
  const donor = sampleContainer({ host: { ipcMode: 'shareable' }, state: { status: 'running', pid: 42 } });
  const closed = sampleContainer({ host: { ipcMode: 'private' }, state: { status: 'running', pid: 43 } });
  const stopped = sampleContainer({ state: { status: 'exited' } });
  const host = { pidMode: 'host', ipcMode: `container:${donor.id}`, utsMode: 'host' };
  const { namespaces, shmPath } = describe({ host }, donor);
  assert.equal(shmPath, `/shm/${donor.id}`);
  assert.throws(() => describe({ host: { ipcMode: `container:${closed.id}` } }, closed), {
    message: `failed to join IPC namespace: container ${closed.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  });
  assert.equal(describe({ host: { ipcMode: 'none' } }).noShm, true);
  assert.deepEqual([namespaces.pid, namespaces.ipc, namespaces.uts], ['host', { path: '/proc/42/ns/ipc' }, 'host']);
  const message = `failed to join PID namespace: container ${stopped.id} is not running`;
  assert.throws(() => describe({ host: { pidMode: `container:${stopped.id}` } }, stopped), {
    code: 'conflict',
    message,
  });
  assert.throws(() => describe({ host: { pidMode: 'container:gone' } }), { code: 'not-found' });
});

test('limits of nothing are no limits', () => {
  const limits = { memory: 1 << 20, cpuShares: 0, cpusetCpus: '', pids: 5, oomKillDisable: true, blkioWeight: 0 };
  assert.deepEqual(describe({ host: { limits } }).limits, { memory: 1 << 20, pids: 5, disableOomKiller: true });
});

test('security options are taken in both spellings, and what is not known is left to the runtime’s defaults', () => {
  const options = (...securityOptions: string[]) => {
    const { seccomp, noNewPrivileges } = describe({ host: { securityOptions } });
    return [seccomp, noNewPrivileges];
  };
  assert.deepEqual(options(), [undefined, undefined]);
  assert.deepEqual(options('seccomp=unconfined', 'no-new-privileges'), ['unconfined', true]);
  assert.deepEqual(options('seccomp:unconfined', 'no-new-privileges:true'), ['unconfined', true]);
  assert.deepEqual(options('no-new-privileges=false', 'apparmor=unconfined'), [undefined, undefined]);
});

test('a device that is not there is refused in Docker’s words', () => {
  const device = (pathOnHost: string) => ({
    host: { devices: [{ pathOnHost, pathInContainer: '', permissions: '' }] },
  });
  const [found] = describe(device('/dev/null')).devices ?? [];
  assert.deepEqual([found?.path, found?.access, found?.major, found?.minor], ['/dev/null', 'rwm', 1, 3]);
  const message =
    'error gathering device information while adding custom device "/dev/absent": no such file or directory';
  assert.throws(() => describe(device('/dev/absent')), { message });
});
