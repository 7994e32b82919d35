import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tarEntries } from '../archive/tar-entries.ts';
import type { Digest } from '../document/digest.ts';
import { parseImageConfig } from '../document/image-config.ts';
import { familiarText, parseImageReference } from '../document/image-reference.ts';
import { completed, MemoryTarget, single } from '../testing/memory-target.ts';
import { type SampleImage, sampleImage, tarOf } from '../testing/sample-image.ts';
import { loadImages } from './image-load.ts';
import { archiveDocuments, type ImageToSave, saveImages } from './image-save.ts';

const base = await tarOf({ base: { content: 'x'.repeat(5000) } });
const [first, second] = await Promise.all(
  ['one', 'two'].map(async (name) => sampleImage([base, await tarOf({ [name]: { content: name } })])),
);

function toSave(image: SampleImage | undefined, ...names: string[]): ImageToSave {
  assert.ok(image);
  const { manifest, config, layers, blobs } = image;
  const imageConfig = parseImageConfig(blobs.get(config.digest) ?? Buffer.alloc(0));
  return { manifest: manifest.descriptor, config, layers, imageConfig, names: names.map(parseImageReference) };
}

const images = [toSave(first, 'app:v1', 'host.io/app:v1'), toSave(second)];
const contents = new Map(
  [first, second].flatMap((image) =>
    image ? [...image.blobs, [image.manifest.descriptor.digest, image.manifest.bytes] as const] : [],
  ),
);

async function* read(digest: Digest): AsyncGenerator<Uint8Array> {
  yield contents.get(digest) ?? Buffer.alloc(0);
}

const archive = Buffer.concat(await Array.fromAsync(saveImages(images, read)));

test('what is saved can be loaded, and is what it was', async () => {
  const target = new MemoryTarget();
  const { result } = await completed(loadImages({ archive: single(archive), target }));
  assert.deepEqual(
    result.map(({ manifest, config, names }) => [manifest.digest, config.digest, names.map(familiarText)]),
    images.map(({ manifest, config, names }) => [manifest.digest, config.digest, names.map(familiarText)]),
  );
});

test('a layer that images share is in the archive once', async () => {
  const names: string[] = [];
  for await (const { name } of tarEntries(single(archive))) names.push(name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.filter((name) => /^blobs\/sha256\/./.test(name)).length, 1 + 2 + 2 + 2);
  assert.deepEqual(names.slice(-4), ['index.json', 'manifest.json', 'oci-layout', 'repositories']);
});

test('older readers find the images by the documents that they know', () => {
  const [one, two] = images;
  const path = (digest = '') => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  const { 'manifest.json': manifest, repositories } = archiveDocuments(images);
  assert.deepEqual(manifest, [
    {
      Config: path(one?.config.digest),
      RepoTags: ['app:v1', 'host.io/app:v1'],
      Layers: one?.layers.map(({ digest }) => path(digest)),
    },
    { Config: path(two?.config.digest), RepoTags: null, Layers: two?.layers.map(({ digest }) => path(digest)) },
  ]);
  const top = one?.imageConfig.rootfs.diff_ids.at(-1)?.slice('sha256:'.length);
  assert.deepEqual(repositories, { app: { v1: top }, 'host.io/app': { v1: top } });
});
