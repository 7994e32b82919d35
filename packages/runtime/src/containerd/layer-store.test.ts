import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import { LayerStore } from './layer-store.ts';

test('a layer that cannot be unpacked is told of without the folder, and leaves no snapshot', async () => {
  const removed: string[] = [];
  const snapshots = {
    has: async () => false,
    prepare: async () => [],
    commit: async () => {},
    remove: async (key: string) => void removed.push(key),
  };
  const message = 'mount callback failed on /tmp/containerd-mount1: unexpected EOF';
  const apply = async () => {
    throw new FairleadError('invalid-argument', message);
  };
  const digest = `sha256:${'1'.repeat(64)}`;
  const layer = { blob: { mediaType: 'layer', digest, size: 1 }, diffId: digest, parent: '' };
  const lease = { id: 'lease', [Symbol.asyncDispose]: async () => {} };
  await assert.rejects(new LayerStore(snapshots, { apply }).unpack(layer, lease), {
    code: 'invalid-argument',
    message: 'Error processing tar file: unexpected EOF',
  });
  assert.deepEqual(
    removed.map((key) => key.replace(/^extract-\S+ /, '')),
    [digest],
  );
});
