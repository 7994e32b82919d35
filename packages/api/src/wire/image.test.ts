import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image } from '@fairlead/engine';
import { presentImageSummary } from './image.ts';

const plain: Image = {
  id: 'sha256:0',
  tags: [],
  digests: [],
  created: 0,
  size: 0,
  architecture: 'amd64',
  os: 'linux',
  layers: [],
  layerSizes: [],
  config: {},
};

test('what has no name is listed as each version of the API does it', () => {
  const nobody = [['<none>:<none>'], ['<none>@<none>']];
  for (const [version, tags, digests, wanted] of [
    [42, [], [], nobody],
    [42, ['a:1'], [], [['a:1'], null]],
    [42, [], ['a@sha256:1'], [null, ['a@sha256:1']]],
    [43, [], [], [[], []]],
    [43, ['a:1'], [], [['a:1'], []]],
  ] as const) {
    const { RepoTags, RepoDigests } = presentImageSummary({ ...plain, tags, digests }, version, -1);
    assert.deepEqual([RepoTags, RepoDigests], wanted, `1.${version}`);
  }
});
