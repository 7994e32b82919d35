import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentityMapping } from '@fairlead/base';
import { mapLayers } from './mapped-layers.ts';

const ranges = [{ inside: 0, outside: 100_000, count: 65_536 }];
const identities: IdentityMapping = { users: ranges, groups: ranges };

function context() {
  const mounted: { readonly source: string; readonly target: string; readonly mapping: IdentityMapping }[] = [];
  return {
    mounted,
    fileSystems: {
      mount: async () => {},
      unmount: () => {},
      mountPoints: () => mounted.map(({ target }) => target),
    },
    mountWithIdentities: (source: string, target: string, mapping: IdentityMapping) => {
      mounted.push({ source, target, mapping });
    },
    settings: {
      dataRoot: '/data',
      execRoot: '/exec',
      dns: { servers: [], search: [], options: [] },
      hostGateways: [],
      cgroupParent: '',
      selfRepair: true,
      shutdownTimeout: () => 15,
      runtime: {},
      log: { type: 'json-file', options: {} },
    },
  };
}

const overlay = {
  type: 'overlay',
  source: 'overlay',
  options: [
    'index=off',
    'workdir=/c/snapshots/9/work',
    'upperdir=/c/snapshots/9/fs',
    'lowerdir=/c/snapshots/2/fs:/c/snapshots/1/fs',
  ],
};

test('layers are taken from the one place where they belong to containers', () => {
  const parts = context();
  const mapped = mapLayers(parts, [overlay], identities);
  const places = [
    'workdir=/exec/layers/9/work',
    'upperdir=/exec/layers/9/fs',
    'lowerdir=/exec/layers/2/fs:/exec/layers/1/fs',
  ];
  assert.deepEqual(mapped, [{ ...overlay, options: ['index=off', ...places] }]);
  const bind = { type: 'bind', source: '/c/snapshots/3/fs', options: ['rw', 'rbind'] };
  assert.deepEqual(mapLayers(parts, [bind], identities), [{ ...bind, source: '/exec/layers/3/fs' }]);
  assert.deepEqual(
    parts.mounted.map(({ source, target }) => [source, target]),
    [['/c/snapshots', '/exec/layers']],
  );
});

test('without identities layers are what they are', () => {
  const parts = context();
  assert.deepEqual(mapLayers(parts, [overlay], undefined), [overlay]);
  assert.deepEqual(parts.mounted, []);
});

test('layers of another snapshotter cannot be mapped', () => {
  const odd = { type: 'bind', source: '/btrfs/active/3', options: [] };
  assert.throws(() => mapLayers(context(), [odd], identities), /need containerd's snapshotter overlayfs/);
});
