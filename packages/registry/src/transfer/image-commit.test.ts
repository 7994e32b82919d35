import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../document/digest.ts';
import type { ImageConfig } from '../document/image-config.ts';
import { mediaTypes } from '../document/manifest.ts';
import { committedConfig, type RunSettings } from './image-commit.ts';

const base = digestOf('base');
const parent = {
  config: {
    architecture: 'amd64',
    os: 'linux',
    author: 'somebody else',
    rootfs: { type: 'layers', diff_ids: [base] },
    history: [{ created_by: 'the beginning' }],
  } satisfies ImageConfig,
  manifest: { kind: 'image', mediaType: mediaTypes.ociManifest, config: descriptor('c'), layers: [descriptor('l')] },
} as const;

const settings: RunSettings = {
  user: '1000',
  workingDir: '/srv',
  env: ['PATH=/bin', 'A=container'],
  entrypoint: null,
  command: ['sh', '-c', 'work'],
  labels: { a: 'container', b: 'container' },
  exposedPorts: ['80/tcp'],
  volumes: ['/data'],
};

const created = new Date('2026-01-02T03:04:05Z');
const commit = (asked: Partial<RunSettings> = {}, changes: readonly string[] = [], diffId = digestOf('new')) =>
  committedConfig({ parent, diffId, settings, asked, changes, author: 'me', message: 'done', created });

test('an image runs as its container did, one layer and one step above its parent', () => {
  assert.deepEqual(commit(), {
    architecture: 'amd64',
    os: 'linux',
    created: '2026-01-02T03:04:05.000Z',
    author: 'me',
    config: {
      User: '1000',
      ExposedPorts: { '80/tcp': {} },
      Env: ['PATH=/bin', 'A=container'],
      Cmd: ['sh', '-c', 'work'],
      Volumes: { '/data': {} },
      WorkingDir: '/srv',
      Labels: { a: 'container', b: 'container' },
    },
    rootfs: { type: 'layers', diff_ids: [base, digestOf('new')] },
    history: [
      { created_by: 'the beginning' },
      { created: '2026-01-02T03:04:05.000Z', created_by: 'sh -c work', author: 'me', comment: 'done' },
    ],
  });
});

test('what is asked for goes before the container’s, and changes go before both', () => {
  const { config } = commit(
    { env: ['A=asked', 'B=asked'], user: 'web', labels: { b: 'asked' }, exposedPorts: ['81/udp'] },
    ['ENV B=changed', 'CMD ["true"]'],
  );
  assert.deepEqual(config?.Env, ['A=asked', 'B=changed', 'PATH=/bin']);
  assert.deepEqual(config?.Cmd, ['true']);
  assert.equal(config?.User, 'web');
  assert.deepEqual(config?.Labels, { a: 'container', b: 'asked' });
  assert.deepEqual(Object.keys(config?.ExposedPorts ?? {}), ['80/tcp', '81/udp']);
});

test('an entrypoint of one’s own drops the container’s command', () => {
  const { config } = commit({ entrypoint: ['/init'] });
  assert.deepEqual([config?.Entrypoint, config?.Cmd], [['/init'], undefined]);
});

test('a container that has written nothing adds a step without a layer', () => {
  const { rootfs, history } = commit({}, [], digestOf(new Uint8Array(1024)));
  assert.deepEqual(rootfs.diff_ids, [base]);
  assert.equal(history?.at(-1)?.empty_layer, true);
});

test('a change that is none is refused', () => {
  assert.throws(() => commit({}, ['RUN true']), { code: 'invalid-argument' });
});

function descriptor(text: string) {
  return { mediaType: '', digest: digestOf(text), size: text.length };
}
