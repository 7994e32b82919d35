import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Descriptor, digestOf, jsonBlob } from '../document/digest.ts';
import { parseImageReference, withDefaultTag } from '../document/image-reference.ts';
import { mediaTypes } from '../document/manifest.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { completed, MemoryTarget } from '../testing/memory-target.ts';
import { sampleImage } from '../testing/sample-image.ts';
import { fetchPluginConfig, pullPlugin } from './plugin-pull.ts';

const config = jsonBlob(mediaTypes.dockerPlugin, { entrypoint: ['/plug'] });
const layers = ['lower', 'upper'].map((text) => Buffer.from(text));
const described = layers.map((bytes) => ({
  ...{ mediaType: `${mediaTypes.dockerLayer}.gzip`, digest: digestOf(bytes), size: bytes.length },
}));
const manifest = jsonBlob(mediaTypes.dockerManifest, {
  ...{ schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config: config.descriptor, layers: described },
});
const blobs = new Map([config.bytes, ...layers].map((bytes) => [digestOf(bytes), bytes] as const));

function pull(registry: FakeRegistry, name: string, accept = (_: Uint8Array) => {}) {
  const target = new MemoryTarget();
  const unpacked: string[] = [];
  const request = {
    ...{ reference: withDefaultTag(parseImageReference(`${registry.host}/${name}`)), content: target.content, accept },
    unpack: async ({ digest }: Descriptor) =>
      void unpacked.push(Buffer.from(target.blobs.get(digest) ?? []).toString()),
  };
  return { target, unpacked, done: completed(pullPlugin(request)) };
}

test('a plugin is pulled: its config first, then its layers in their order', async () => {
  await using registry = await FakeRegistry.start();
  registry.add('plug', 'latest', { manifest, blobs });
  const { target, unpacked, done } = pull(registry, 'plug');
  const { progress, result } = await done;
  assert.deepEqual(unpacked, ['lower', 'upper']);
  assert.deepEqual(result, {
    ...{ manifest: manifest.descriptor.digest, config: config.descriptor.digest },
    layers: described.map(({ digest }) => digest),
    configBytes: Buffer.from(config.bytes),
  });
  assert.equal(target.blobs.size, 4);
  assert.deepEqual(
    progress.map(({ status }) => status),
    [
      `Pulling from ${registry.host}/plug`,
      `Digest: ${manifest.descriptor.digest}`,
      ...['Waiting', 'Waiting'],
      ...['Downloading', 'Download complete', 'Extracting', 'Complete'],
      ...['Downloading', 'Download complete', 'Extracting', 'Complete'],
    ],
  );
});

test('what is asked of it is heard before a layer is fetched', async () => {
  await using registry = await FakeRegistry.start();
  registry.add('plug', 'latest', { manifest, blobs });
  const { target, done } = pull(registry, 'plug', () => {
    throw new Error('incorrect privileges');
  });
  await assert.rejects(done, /incorrect privileges/);
  assert.equal(target.blobs.size, 0);
});

test('an image is no plugin, and what is not there is not found', async () => {
  await using registry = await FakeRegistry.start();
  registry.add('app', 'latest', sampleImage([Buffer.from('x')], { compression: 'none' }));
  registry.add('plug', 'latest', { manifest, blobs });
  await assert.rejects(pull(registry, 'app').done, /fetched plugin image but plugin config is missing/);
  await assert.rejects(pull(registry, 'none').done, {
    code: 'not-found',
    message: `error resolving plugin reference: manifest for ${registry.host}/none:latest not found: manifest unknown: manifest unknown`,
  });
  const configOf = (name: string) => fetchPluginConfig(parseImageReference(`${registry.host}/${name}`), {});
  assert.equal(await configOf('app'), undefined);
  assert.deepEqual(await configOf('plug'), Buffer.from(config.bytes));
});
