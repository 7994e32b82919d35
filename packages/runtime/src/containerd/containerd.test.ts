import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Plugin } from '../gen/introspection.ts';
import { Status } from '../gen/rpc_status.ts';
import { jsonAny } from './any.ts';
import { chainIds, sha256Digest } from './chain-id.ts';
import { pluginFaults } from './containerd.ts';
import { containerdConfig } from './containerd-config.ts';
import { configLabels, indexLabels, manifestLabels } from './gc-labels.ts';

const names = ['content', 'containers', 'diff', 'events', 'images', 'leases', 'snapshots', 'tasks'];
const sound = [
  ...names.map((id) => Plugin.create({ type: 'io.containerd.grpc.v1', id })),
  Plugin.create({ type: 'io.containerd.snapshotter.v1', id: 'overlayfs' }),
];

test('a containerd with all that is needed has no faults', () => {
  assert.deepEqual(pluginFaults(sound, 'overlayfs'), []);
});

test('missing and broken plugins are named with the reason', () => {
  const broken = sound.map((plugin) =>
    plugin.id === 'tasks' ? { ...plugin, initErr: Status.create({ code: 2, message: 'no runtime' }) } : plugin,
  );
  assert.deepEqual(pluginFaults(broken, 'zfs'), [
    'io.containerd.grpc.v1.tasks: no runtime',
    'io.containerd.snapshotter.v1.zfs is missing',
  ]);
});

test('the configuration quotes paths and keeps the runtime that 1.6 needs', () => {
  const text = containerdConfig({ root: '/a "b"', state: '/s', socket: '/c.sock' });
  assert.match(text, /^root = "\/a \\"b\\""$/m);
  assert.match(text, /^ {2}address = "\/c.sock.ttrpc"$/m);
  assert.ok(!text.includes('io.containerd.runtime.v1.linux'));
});

test('chain ids cover everything below a layer', () => {
  const [a, b, c] = ['sha256:a', 'sha256:b', 'sha256:c'];
  const ab = sha256Digest(`${a} ${b}`);
  assert.deepEqual(chainIds([a, b, c]), [a, ab, sha256Digest(`${ab} ${c}`)]);
  assert.deepEqual(chainIds([]), []);
});

test('labels lead the garbage collector from the image to all it needs', () => {
  assert.deepEqual(manifestLabels({ config: { digest: 'c' }, layers: [{ digest: 'x' }, { digest: 'y' }] }), {
    'containerd.io/gc.ref.content.config': 'c',
    'containerd.io/gc.ref.content.l.0': 'x',
    'containerd.io/gc.ref.content.l.1': 'y',
  });
  assert.deepEqual(indexLabels(['m']), { 'containerd.io/gc.ref.content.m.0': 'm' });
  assert.deepEqual(configLabels('overlayfs', 't'), { 'containerd.io/gc.ref.snapshot.overlayfs': 't' });
  assert.deepEqual(configLabels('overlayfs', ''), {});
});

test('what is unlimited or negative is written as Go reads it, and text is left alone', () => {
  const value = {
    ...{ rlimits: [{ type: 'RLIMIT_CORE', hard: -1, soft: -2 }], args: ['"hard":-1'], quota: -1 },
    cpu: { realtimePeriod: -5, realtimeRuntime: -5 },
  };
  const json = Buffer.from(jsonAny('Process', value).value).toString();
  assert.equal(
    json,
    '{"rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":18446744073709551614}],' +
      '"args":["\\"hard\\":-1"],"quota":-1,"cpu":{"realtimePeriod":18446744073709551611,"realtimeRuntime":-5}}',
  );
});
