import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { isNotFound } from '@fairlead/base';
import { sha256Digest } from '@fairlead/runtime';
import { Images } from './image-service.ts';
import type { ImageEvent } from './images-options.ts';
import { layerTar } from './testing/docker-archive.ts';
import { type LocalRegistry, localRegistry } from './testing/local-registry.ts';
import { type PrivateContainerd, privateContainerd } from './testing/private-containerd.ts';

let lab: PrivateContainerd;
let registry: LocalRegistry;
let images: Images;
let events: ImageEvent[] = [];

before(async () => {
  lab = await privateContainerd();
  registry = await localRegistry();
  const emit = (event: ImageEvent) => events.push(event);
  images = new Images({ containerd: lab.containerd, registry: {}, execRoot: tmpdir(), emit, usedBy: () => [] });
});

after(async () => {
  await registry?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

async function pull(name: string): Promise<(string | undefined)[]> {
  return (await Array.fromAsync(images.pull(name))).map(({ status }) => status);
}

test('a pulled image has its tag and its digest, and both go with the last tag', async () => {
  events = [];
  const name = `${registry.host}/some/thing`;
  const { manifest, config } = await registry.push('some/thing', 'v1', [layerTar({ a: '1' }), layerTar({ b: '2' })]);
  assert.equal((await pull(`${name}:v1`)).at(-1), `Status: Downloaded newer image for ${name}:v1`);
  const image = await images.inspect(`${name}:v1`);
  assert.equal(image.id, config);
  assert.deepEqual([image.tags, image.digests], [[`${name}:v1`], [`${name}@${manifest}`]]);
  assert.equal((await images.inspect(`${name}@${manifest}`)).id, config);
  assert.equal((await pull(`${name}:v1`)).at(-1), `Status: Image is up to date for ${name}:v1`);
  const event = { action: 'pull', id: `${name}:v1`, attributes: { name } };
  assert.deepEqual(events, [event, event]);
  const removals = await images.remove(`${name}:v1`, { force: false });
  assert.deepEqual(removals.slice(0, 3), [
    { untagged: `${name}:v1` },
    { untagged: `${name}@${manifest}` },
    { deleted: config },
  ]);
  assert.deepEqual(await lab.containerd.content.list(), []);
  assert.deepEqual(await lab.containerd.snapshots.list(), []);
});

test('a pull by digest gives no tag', async () => {
  const name = `${registry.host}/some/thing`;
  const { manifest, config } = await registry.push('some/thing', 'v2', [layerTar({ c: '3' })]);
  await pull(`${name}@${manifest}`);
  const image = await images.inspect(config);
  assert.deepEqual([image.tags, image.digests], [[], [`${name}@${manifest}`]]);
  await images.remove(`${name}@${manifest}`, { force: false });
});

test('a new image under a pulled tag leaves the old one dangling', async () => {
  const name = `${registry.host}/moving`;
  const old = await registry.push('moving', 'latest', [layerTar({ d: 'old' })]);
  await pull(`${name}:latest`);
  const fresh = await registry.push('moving', 'latest', [layerTar({ d: 'new' })]);
  await pull(`${name}:latest`);
  assert.equal((await images.inspect(name)).id, fresh.config);
  assert.deepEqual((await images.inspect(old.config)).tags, []);
  await images.remove(old.config, { force: false });
  await images.remove(name, { force: false });
});

test('a layer that is not what the manifest says is refused, and nothing of it is in the way of the right one', async () => {
  const name = `${registry.host}/broken:latest`;
  const layer = Buffer.from(layerTar({ f: 'right' }));
  await registry.push('broken', 'latest', [layer]);
  const digest = sha256Digest(layer);
  writeFileSync(registry.fileOf(digest), Buffer.alloc(layer.length));
  await assert.rejects(pull(name), { message: `filesystem layer verification failed for digest ${digest}` });
  writeFileSync(registry.fileOf(digest), layer);
  await pull(name);
  await images.remove(name, { force: false });
});

test('a pull of what is not there, or one that is left early, leaves nothing', async () => {
  const name = `${registry.host}/large`;
  await assert.rejects(pull(`${registry.host}/none:latest`), isNotFound);
  await registry.push('large', 'latest', [layerTar({ e: 'x'.repeat(8 << 20) })]);
  for await (const { status } of images.pull(`${name}:latest`)) if (status === 'Downloading') break;
  await assert.rejects(images.inspect(name), isNotFound);
  assert.deepEqual(await lab.containerd.content.list(), []);
  assert.deepEqual(await lab.containerd.leases.list(), []);
});
