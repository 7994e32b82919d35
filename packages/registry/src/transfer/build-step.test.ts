import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyLayer, parseDigest } from '../document/digest.ts';
import type { ImageConfig, ImageRunConfig } from '../document/image-config.ts';
import { type BuildStep, isSameStep, stepImageConfig } from './build-step.ts';

const [base, added] = [parseDigest(`sha256:${'a'.repeat(64)}`), parseDigest(`sha256:${'b'.repeat(64)}`)];
const config: ImageConfig = {
  architecture: 'amd64',
  os: 'linux',
  created: '2020-01-01T00:00:00Z',
  author: 'the parent’s',
  config: { Env: ['A=1'] },
  rootfs: { type: 'layers', diff_ids: [base] },
  history: [{ created_by: 'base' }],
};
const descriptor = { mediaType: '', digest: added, size: 1 };
const manifest = { kind: 'image', mediaType: '', config: descriptor, layers: [] } as const;
const step: BuildStep = {
  parent: { id: 'sha256:parent', config, manifest },
  platform: { os: 'linux', architecture: 'arm64' },
  config: { Env: ['A=1'], Cmd: ['sh'] },
  stepConfig: { Env: ['A=1'], Cmd: ['/bin/sh', '-c', 'make'] },
  containerId: 'c0ffee'.padEnd(64, '0'),
  author: '',
  created: new Date(0),
  layer: { descriptor, diffId: added },
};

test('the image of a step goes on where its parent ended', () => {
  const image = stepImageConfig(step);
  assert.deepEqual(image.rootfs.diff_ids, [base, added]);
  assert.deepEqual(image.history, [
    { created_by: 'base' },
    { created: '1970-01-01T00:00:00.000Z', created_by: '/bin/sh -c make' },
  ]);
  assert.deepEqual(image.config, { Env: ['A=1'], Cmd: ['sh'], Image: 'sha256:parent' });
  assert.equal(image.container_config?.Hostname, 'c0ffee000000');
  assert.deepEqual([image.architecture, image.author, image.container], ['amd64', undefined, step.containerId]);
});

test('a step that changes no file makes no layer', () => {
  for (const layer of [undefined, { descriptor, diffId: parseDigest(emptyLayer) }]) {
    const image = stepImageConfig({ ...step, layer, author: 'Joe' });
    assert.deepEqual(image.rootfs.diff_ids, [base]);
    assert.equal(image.history?.at(-1)?.empty_layer, true);
    assert.deepEqual([image.author, image.history?.at(-1)?.author], ['Joe', 'Joe']);
  }
});

test('the first image of all has the platform of the machine', () => {
  const image = stepImageConfig({ ...step, parent: undefined, containerId: '' });
  assert.deepEqual([image.architecture, image.rootfs.diff_ids, image.container], ['arm64', [added], undefined]);
  assert.deepEqual(image.container_config, step.stepConfig);
});

test('steps are the same when all that says how their containers run is', () => {
  const whole: ImageRunConfig = {
    Env: ['A=1', 'B=2'],
    Cmd: ['x'],
    Labels: { a: '1', b: '2' },
    ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
    Healthcheck: { Test: ['CMD', 'x'], Retries: 3 },
  };
  const same: ImageRunConfig[] = [
    { ...whole },
    { ...whole, Entrypoint: null, OnBuild: [], User: '', Image: 'sha256:x', Hostname: 'h' },
    { ...whole, Labels: { b: '2', a: '1' }, ExposedPorts: { '81/tcp': {}, '80/tcp': {} } },
    { ...whole, Healthcheck: { Test: ['CMD', 'x'], Retries: 3, Interval: 0 } },
  ];
  for (const other of same) assert.equal(isSameStep(whole, other), true, JSON.stringify(other));
  const different: ImageRunConfig[] = [
    { ...whole, Env: ['B=2', 'A=1'] },
    { ...whole, Cmd: ['x', ''] },
    { ...whole, Labels: { a: '1' } },
    { ...whole, User: 'joe' },
    { ...whole, Shell: ['/bin/bash', '-c'] },
    { ...whole, Healthcheck: { Test: ['CMD', 'x'], Retries: 4 } },
    { ...whole, Volumes: { '/v': {} } },
  ];
  for (const other of different) assert.equal(isSameStep(whole, other), false, JSON.stringify(other));
});
