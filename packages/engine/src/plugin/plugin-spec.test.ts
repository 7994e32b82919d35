import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOnHost } from './plugin-path.ts';
import { type PluginHost, pluginSpec } from './plugin-spec.ts';
import { samplePlugin } from './testing/sample-plugin.ts';

const host: PluginHost = {
  rootfs: '/p/rootfs',
  sockets: '/run/p',
  propagated: '/p/propagated-mount',
  devices: [],
  facts: {
    ...{ architecture: 'amd64', unifiedCgroup: true, hardLimits: undefined },
    capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
  },
  cgroupParent: '',
};

const specOf = (config: object, more: Partial<PluginHost> = {}) =>
  pluginSpec(samplePlugin({ id: 'x' }, config), { ...host, ...more });

test('a plugin that asks for nothing has namespaces of its own, no filter, and what its config says in its environment', () => {
  const spec = specOf({ args: { value: ['-v'] }, env: [{ name: 'A', value: '1' }], workDir: '/srv', user: { uid: 5 } });
  assert.deepEqual(spec.root, { path: '/p/rootfs' });
  assert.deepEqual(spec.process.args, ['/plug', '-v']);
  assert.deepEqual(spec.process.env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=1']);
  assert.deepEqual([spec.process.cwd, spec.process.user], ['/srv', { uid: 0, gid: 0 }]);
  assert.deepEqual(
    spec.linux.namespaces.map(({ type }) => type),
    ['mount', 'network', 'uts', 'pid', 'ipc'],
  );
  assert.deepEqual(
    [spec.linux.seccomp, spec.hostname, spec.linux.rootfsPropagation],
    [undefined, undefined, undefined],
  );
  assert.deepEqual(spec.mounts.at(-1), {
    ...{ type: 'bind', source: '/run/p', destination: '/run/docker/plugins' },
    options: ['rbind', 'rshared'],
  });
});

test('what it asks for of the host it gets', () => {
  const spec = specOf(
    {
      ...{ network: { type: 'host' }, ipcHost: true, pidHost: true, propagatedMount: '/mnt' },
      linux: { capabilities: ['CAP_SYS_ADMIN'], allowAllDevices: true },
    },
    { devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, access: 'rwm' }] },
  );
  assert.deepEqual(
    spec.linux.namespaces.map(({ type }) => type),
    ['mount', 'uts'],
  );
  assert.ok(spec.process.capabilities.effective.includes('CAP_SYS_ADMIN'));
  assert.deepEqual(spec.linux.resources.devices, [{ allow: true, access: 'rwm' }]);
  assert.equal(spec.linux.devices?.[0]?.path, '/dev/fuse');
  assert.equal(spec.linux.rootfsPropagation, 'rshared');
  const own = spec.mounts.filter(({ source }) => source.startsWith('/p/') || source.startsWith('/etc/'));
  assert.deepEqual(
    own.map(({ source, destination, options }) => [source, destination, ...options]),
    [
      ['/p/propagated-mount', '/mnt', 'rbind', 'rw', 'rshared'],
      ['/etc/hosts', '/etc/hosts', 'rbind', 'ro'],
      ['/etc/resolv.conf', '/etc/resolv.conf', 'rbind', 'ro'],
    ],
  );
});

test('a network of no kind that is known is one of its own, with the names of the host', () => {
  for (const type of ['bridge', 'none']) {
    const spec = specOf({ network: { type } });
    assert.ok(spec.linux.namespaces.some((namespace) => namespace.type === 'network'));
    assert.ok(spec.mounts.some(({ destination }) => destination === '/etc/hosts'));
  }
});

test('its mounts take the places of those that everybody gets, and need a source', () => {
  const shm = { type: 'bind', source: '/dev/shm', destination: '/dev/shm', options: ['rbind'] };
  const mounts = specOf({ mounts: [shm] }).mounts.filter(({ destination }) => destination === '/dev/shm');
  assert.deepEqual(mounts, [shm]);
  assert.throws(() => specOf({ mounts: [{ destination: '/x' }] }), { message: 'mount source is not specified' });
});

test('a path of the plugin is one of the host, and never leads out of what is its own', () => {
  const places = { rootfs: '/p/rootfs', propagated: '/p/shared' };
  const cases: readonly [propagated: string, inside: string, path: string][] = [
    ['', '/data/v', '/p/rootfs/data/v'],
    ['/data', '/data/v', '/p/shared/v'],
    ['/data/', '/data', '/p/shared'],
    ['/data', '/database', '/p/rootfs/database'],
    ['/data', '/data/../../../etc', '/p/rootfs/etc'],
    ['/data', '../../etc', '/p/rootfs/etc'],
    ['/', '/v', '/p/rootfs/v'],
  ];
  for (const [PropagatedMount, inside, path] of cases) {
    assert.equal(pathOnHost({ PropagatedMount }, places, inside), path, inside);
  }
});
