import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, type ImageConfig } from '@fairlead/registry';
import type { ImageDetails } from './image-details.ts';
import { imageHistory, imageView } from './image-view.ts';

const digest = `sha256:${'d'.repeat(64)}`;
const names = ['docker.io/library/b:1', `docker.io/library/a@${digest}`, 'docker.io/x/a:2', 'docker.io/library/a:1'];

function details(config: Partial<ImageConfig>): ImageDetails {
  const chain = [digestOf('1'), digestOf('2')];
  const rootfs = { type: 'layers' as const, diff_ids: chain };
  const imageConfig = { architecture: 'amd64', os: 'linux', rootfs, ...config };
  return { id: digest, created: 5, chain, layerSizes: [10, 300], imageConfig, document: { os: 'linux' } };
}

test('an image shows its names as people write them, sorted, tags and digests apart', () => {
  const { tags, digests, size } = imageView(details({}), names);
  assert.deepEqual(tags, ['a:1', 'b:1', 'x/a:2']);
  assert.deepEqual(digests, [`a@${digest}`]);
  assert.equal(size, 310);
});

test('the history is newest first, and a step without layer has no size', () => {
  const history = [
    { created: '1970-01-01T00:00:01Z', created_by: 'ADD' },
    { created: '1970-01-01T00:00:02Z', created_by: 'ENV', empty_layer: true },
    { created: '1970-01-01T00:00:03Z', created_by: 'RUN', comment: 'c' },
  ];
  const base = { id: '<missing>', comment: '', tags: [] };
  assert.deepEqual(imageHistory(details({ history }), ['docker.io/library/a:1']), [
    { id: digest, created: 3000, createdBy: 'RUN', size: 300, comment: 'c', tags: ['a:1'] },
    { ...base, created: 2000, createdBy: 'ENV', size: 0 },
    { ...base, created: 1000, createdBy: 'ADD', size: 10 },
  ]);
});

test('an image without history has one step for each layer', () => {
  assert.deepEqual(
    imageHistory(details({}), []).map(({ id, created, size }) => [id, created, size]),
    [
      [digest, 5, 300],
      ['<missing>', 5, 10],
    ],
  );
});
