import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { Network } from '@fairlead/network';
import { endpoint, network } from '@fairlead/network/testing';
import type { ContainerView } from './container/container-port.ts';
import { sampleContainer, sampleImage } from './container/testing/sample-container.ts';
import type { ContainerStatus, Image } from './model.ts';
import { type PruneParts, Prunes } from './prunes.ts';

const view = (id: string, status: ContainerStatus, image = ''): ContainerView => ({
  container: sampleContainer({ id, imageId: image, state: { status } }),
  image: undefined,
  sandbox: undefined,
  sandboxKey: '',
  bound: [],
  exposed: [],
  networks: [],
  mounts: [],
  files: { hosts: '', hostname: '', resolvConf: '', log: '' },
  execs: [],
  linkNames: [],
});

const image = (id: string): Image => ({ ...sampleImage(), id });

const busy = new FairleadError('conflict', 'in use again');

/** Prunes on services of which each has nothing, but for those that are given. */
function prunesOf(parts: Partial<PruneParts>) {
  const told: string[] = [];
  const prunes = new Prunes({
    containers: {
      listWithImages: async () => [],
      size: async () => ({ readWrite: 5, rootFilesystem: 9 }),
      remove: async () => {},
    },
    images: { list: async () => [], remove: async () => [] },
    networks: {
      list: () => [],
      inspect: () => assert.fail('there is none'),
      remove: async () => {},
    },
    volumes: { local: () => [], size: async () => 7, remove: async () => {} },
    buildKit: async () => ({ pruneCache: async () => [] }),
    events: { emit: ({ type, action, attributes }) => told.push(`${type} ${action} ${attributes['reclaimed']}`) },
    ...parts,
  });
  return { prunes, told };
}

test('what BuildKit keeps is counted, and told of as the builder’s', async () => {
  const { prunes, told } = prunesOf({
    buildKit: async () => ({
      pruneCache: async ({ filter }) => [
        { id: filter, size: 3 },
        { id: 'b', size: 4 },
      ],
    }),
  });
  const choice = { all: true, unusedFor: 0, reserved: 0, most: 0, free: 0, filter: 'type==regular' };
  assert.deepEqual(await prunes.buildCache(choice), { deleted: ['type==regular', 'b'], reclaimed: 7 });
  assert.deepEqual(told, ['builder prune 7']);
});

test('networks that nobody is on go, but for configurations of others', async () => {
  const of = (name: string, change: Partial<Omit<Network, 'subnets'>> = {}) => network({ id: name, name, ...change });
  const template = { ipv4: true, ipv6: false, options: {}, labels: {} };
  const all = [of('free'), of('used'), of('shape', { template })];
  const inspect = (id: string) => {
    const found = all.find(({ name }) => name === id);
    assert.ok(found !== undefined);
    return { network: found, endpoints: id === 'used' ? [endpoint()] : [] };
  };
  const { prunes } = prunesOf({ networks: { list: () => all, inspect, remove: async () => {} } });
  assert.deepEqual((await prunes.networks(() => true)).deleted, ['free']);
});

test('containers that do not run and are wanted gone go, but for those that refuse', async () => {
  const removed: string[] = [];
  const { prunes, told } = prunesOf({
    containers: {
      listWithImages: async () => [
        view('up', 'running'),
        view('kept', 'exited'),
        view('busy', 'exited'),
        view('old', 'created'),
      ],
      size: async () => ({ readWrite: 5, rootFilesystem: 9 }),
      remove: async (id) => {
        if (id === 'busy') throw busy;
        removed.push(id);
      },
    },
  });
  const answer = await prunes.containers(({ container }) => container.id !== 'kept');
  assert.deepEqual(answer, { deleted: ['old'], reclaimed: 5 });
  assert.deepEqual([removed, told], [['old'], ['container prune 5']]);
});

test('images of containers stay, running or not; the sizes of all layers count', async () => {
  const { prunes, told } = prunesOf({
    containers: {
      listWithImages: async () => [view('ended', 'exited', 'used')],
      size: assert.fail,
      remove: assert.fail,
    },
    images: {
      list: async () => [image('used'), image('one'), image('kept'), image('two')],
      remove: async (id) => [{ untagged: 'x' }, { deleted: id }, { deleted: 'layer', size: 4 }],
    },
  });
  const { removals, reclaimed } = await prunes.images(({ id }) => id !== 'kept');
  assert.deepEqual(
    removals.flatMap((removal) => ('deleted' in removal ? [removal.deleted] : [])),
    ['one', 'layer', 'two', 'layer'],
  );
  assert.deepEqual([reclaimed, told], [8, ['image prune 8']]);
});

test('a fault is no refusal: it is not passed over, and the next prune can begin', async () => {
  let attempts = 0;
  const { prunes, told } = prunesOf({
    containers: {
      listWithImages: async () => [view('one', 'exited')],
      size: async () => ({ readWrite: 1, rootFilesystem: 1 }),
      remove: async () => {
        if (attempts++ === 0) throw new TypeError('a fault');
      },
    },
  });
  await assert.rejects(
    prunes.containers(() => true),
    TypeError,
  );
  assert.deepEqual(told, []);
  assert.equal((await prunes.containers(() => true)).reclaimed, 1);
});

test('one prune of a kind at a time; others go on beside it', async () => {
  const gate = Promise.withResolvers<void>();
  const { prunes } = prunesOf({
    containers: {
      listWithImages: async () => [view('one', 'exited')],
      size: async () => ({ readWrite: 1, rootFilesystem: 1 }),
      remove: () => gate.promise,
    },
  });
  const first = prunes.containers(() => true);
  await assert.rejects(
    prunes.containers(() => true),
    { code: 'conflict', message: 'a prune operation is already running' },
  );
  await prunes.volumes(() => true);
  gate.resolve();
  assert.deepEqual((await first).deleted, ['one']);
});
