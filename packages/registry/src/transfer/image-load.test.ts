import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { chainIds, digestOf, jsonBlob } from '../document/digest.ts';
import { familiarText } from '../document/image-reference.ts';
import { mediaTypes } from '../document/manifest.ts';
import { completed, MemoryTarget, single } from '../testing/memory-target.ts';
import { type SampleFile, type SampleImage, sampleImage, tarOf } from '../testing/sample-image.ts';
import { importImage } from './image-import.ts';
import { loadImages } from './image-load.ts';

const tars = await Promise.all(['a', 'b'].map((name) => tarOf({ [name]: { content: name.repeat(3000) } })));
const diffIds = tars.map(digestOf);
const amd64 = { os: 'linux', architecture: 'amd64' };
const json = (value: unknown): SampleFile => ({ content: JSON.stringify(value) });

const load = (archive: Uint8Array, target = new MemoryTarget()) =>
  completed(loadImages({ archive: single(archive), platform: amd64, target }));

/** As Docker before version 25 writes it, its last layer a link to an earlier one. */
async function legacyArchive(pack: (layer: Uint8Array) => Uint8Array = (layer) => layer): Promise<Uint8Array> {
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [...diffIds, diffIds[0]] } };
  return tarOf({
    'one/VERSION': { content: '1.0' },
    'one/json': json({ id: 'one' }),
    'one/layer.tar': { content: pack(tars[0] ?? Buffer.alloc(0)) },
    'two/layer.tar': { content: pack(tars[1] ?? Buffer.alloc(0)) },
    'three/layer.tar': { linkTo: '../one/layer.tar' },
    'config.json': json(config),
    'manifest.json': json([
      {
        Config: 'config.json',
        RepoTags: ['app:v1', 'host.io/app:v1'],
        Layers: ['one/layer.tar', 'two/layer.tar', 'three/layer.tar'],
      },
    ]),
    repositories: json({}),
  });
}

async function layout(
  images: readonly { image: SampleImage; annotations?: Record<string, string> }[],
  more: Record<string, SampleFile> = {},
): Promise<Uint8Array> {
  const files: Record<string, SampleFile> = { 'oci-layout': json({ imageLayoutVersion: '1.0.0' }) };
  for (const { image } of images) {
    const blobs = new Map(image.blobs).set(image.manifest.descriptor.digest, image.manifest.bytes);
    for (const [digest, content] of blobs) files[`blobs/${digest.replace(':', '/')}`] = { content };
  }
  const manifests = images.map(({ image, annotations }) => ({ ...image.manifest.descriptor, annotations }));
  return tarOf({ ...files, 'index.json': json({ schemaVersion: 2, manifests }), ...more });
}

describe('loadImages', () => {
  it('reads what Docker saved before version 1.10', async () => {
    const history = { created: '2015-10-13T23:47:48Z', container_config: { Cmd: ['/bin/sh', '-c', '#(nop) CMD'] } };
    const first = {
      'one/json': json({ id: 'one', ...history, Size: 960, os: 'linux', architecture: 'amd64', config: {} }),
      'one/layer.tar': { content: tars[0] ?? '' },
    };
    const archive = await tarOf({
      ...first,
      'two/json': json({
        id: 'two',
        parent: 'one',
        ...history,
        os: 'linux',
        architecture: 'amd64',
        config: { Cmd: ['/x'] },
      }),
      'two/layer.tar': { content: tars[1] ?? '' },
      repositories: json({ app: { v1: 'two', v2: 'two' }, base: { latest: 'one' } }),
    });
    const target = new MemoryTarget();
    const { result } = await load(archive, target);
    assert.deepEqual(
      result.map(({ names }) => names.map(familiarText)),
      [['app:v1', 'app:v2'], ['base:latest']],
    );
    const config = JSON.parse(
      Buffer.from(await target.content.read(result[0]?.config.digest ?? digestOf(''))).toString(),
    );
    assert.deepEqual(config, {
      created: history.created,
      container_config: history.container_config,
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: ['/x'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: [1, 2].map(() => ({ created: history.created, created_by: '/bin/sh -c #(nop) CMD' })),
    });
    const lacking = await tarOf({ ...first, repositories: json({ app: { v1: 'two' } }) });
    await assert.rejects(load(lacking), { code: 'invalid-argument', message: /does not hold "two\/json"/ });
    const circle = await tarOf({ 'one/json': json({ parent: 'one' }), repositories: json({ app: { v1: 'one' } }) });
    await assert.rejects(load(circle), { code: 'invalid-argument', message: /its own parent/ });
  });

  it('reads what older Dockers saved', async () => {
    const target = new MemoryTarget();
    const { progress, result } = await load(await legacyArchive(), target);
    const [image] = result;
    assert.equal(result.length, 1);
    assert.deepEqual(image?.names.map(familiarText), ['app:v1', 'host.io/app:v1']);
    assert.deepEqual(target.unpacked, chainIds([...diffIds, ...diffIds.slice(0, 1)]));
    assert.ok(image && target.blobs.has(image.manifest.digest) && target.blobs.has(image.config.digest));
    assert.deepEqual(progress.slice(-2), [
      { stream: 'Loaded image: app:v1\n' },
      { stream: 'Loaded image: host.io/app:v1\n' },
    ]);
  });

  it('reads packed layers in an archive of that kind', async () => {
    const { result } = await load(await legacyArchive((tar) => gzipSync(tar)));
    assert.equal(result[0]?.layers[0]?.mediaType, `${mediaTypes.dockerLayer}.gzip`);
  });

  const packers: [name: string, pack: (bytes: Uint8Array) => Uint8Array][] = [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ];
  for (const [name, pack] of packers) {
    it(`reads archives packed with ${name}`, async () => {
      assert.equal((await load(pack(await legacyArchive()))).result.length, 1);
    });
  }

  for (const [name, head] of [
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41]],
  ] as const) {
    it(`refuses broken ${name}, and all of it where there is no such program`, async () => {
      await assert.rejects(load(Uint8Array.from(head)), new RegExp(`^FairleadError: ${name}`));
    });
  }

  it('reads an OCI image layout with its names', async () => {
    const [one, two, three] = [sampleImage(tars), sampleImage(tars.slice(0, 1)), sampleImage(tars.slice(1))];
    const target = new MemoryTarget();
    const archive = await layout([
      { image: one, annotations: { 'io.containerd.image.name': 'docker.io/library/one:v1' } },
      { image: two, annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
      { image: three, annotations: { 'org.opencontainers.image.ref.name': 'host.io/three:v3' } },
    ]);
    const { progress, result } = await load(archive, target);
    assert.deepEqual(
      result.map(({ names }) => names.map(familiarText)),
      [['one:v1'], [], ['host.io/three:v3']],
    );
    assert.deepEqual(
      result.map(({ config }) => config.digest),
      [one, two, three].map(({ config }) => config.digest),
    );
    assert.ok(progress.some(({ stream }) => stream === `Loaded image ID: ${two.config.digest}\n`));
    assert.deepEqual(target.labels.get(one.config.digest), { snapshot: result[0]?.chainId });
  });

  it('takes tags from manifest.json where newer Dockers write both', async () => {
    const image = sampleImage(tars);
    const manifest = [
      { Config: `blobs/${image.config.digest.replace(':', '/')}`, RepoTags: ['app:v1', 'app:v2'], Layers: [] },
    ];
    const annotations = { 'io.containerd.image.name': 'docker.io/library/app:v1' };
    const { result } = await load(await layout([{ image, annotations }], { 'manifest.json': json(manifest) }));
    assert.deepEqual(result[0]?.names.map(familiarText), ['app:v1', 'app:v2']);
  });

  it('chooses among the platforms that the archive holds', async () => {
    const image = sampleImage(tars);
    const absent = { ...image.manifest.descriptor, digest: digestOf('absent') };
    const index = jsonBlob(mediaTypes.ociIndex, {
      schemaVersion: 2,
      manifests: [
        { ...absent, platform: amd64 },
        { ...image.manifest.descriptor, platform: amd64 },
      ],
    });
    const archive = await layout([{ image }], {
      [`blobs/${index.descriptor.digest.replace(':', '/')}`]: { content: index.bytes },
      'index.json': json({ schemaVersion: 2, manifests: [index.descriptor] }),
    });
    const { result } = await load(archive);
    assert.deepEqual(result[0]?.descriptor, index.descriptor);
    assert.deepEqual(result[0]?.manifest, image.manifest.descriptor);
  });

  it('takes the images for the platform that is asked for, in either form of archive', async () => {
    const arm64 = { os: 'linux', architecture: 'arm64' };
    const loadFor = (archive: Uint8Array, platform: object) =>
      completed(
        loadImages({ archive: single(archive), platform: { ...arm64, ...platform }, target: new MemoryTarget() }),
      );
    const none = { code: 'not-found', message: 'no images providing the requested platform linux/arm64 found' };
    const one = sampleImage(tars);
    for (const archive of [await legacyArchive(), await layout([{ image: one }])]) {
      assert.equal((await loadFor(archive, amd64)).result.length, 1);
      assert.equal(
        (await loadFor(archive, { architecture: 'amd64', variant: 'v1' })).result.length,
        1,
        'as it is meant',
      );
      await assert.rejects(loadFor(archive, {}), none);
      await assert.rejects(loadFor(archive, { ...amd64, variant: 'v3' }), { code: 'not-found' }, 'nothing else');
    }
    const index = jsonBlob(mediaTypes.ociIndex, {
      schemaVersion: 2,
      manifests: [{ ...one.manifest.descriptor, platform: amd64 }],
    });
    const nested = await layout([{ image: one }], {
      [`blobs/${index.descriptor.digest.replace(':', '/')}`]: { content: index.bytes },
      'index.json': json({ schemaVersion: 2, manifests: [index.descriptor] }),
    });
    assert.equal((await loadFor(nested, amd64)).result.length, 1);
    await assert.rejects(loadFor(nested, {}), none);
  });

  const nonsense: [name: string, archive: () => Promise<Uint8Array>, message: RegExp][] = [
    ['no archive', async () => Buffer.alloc(2048, 'x'), /^invalid tar archive: /],
    ['an archive that ends too early', async () => (await legacyArchive()).subarray(0, 5000), /^invalid tar archive: /],
    ['an archive of something else', () => tarOf({ a: { content: 'a' } }), /does not contain a Docker or OCI image/],
    [
      'an archive that lacks a layer',
      () => tarOf({ 'c.json': json(amd64), 'manifest.json': json([{ Config: 'c.json', Layers: ['x'] }]) }),
      /^invalid archive: it does not hold "x"$/,
    ],
  ];
  for (const [name, archive, message] of nonsense) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(load(await archive()), { code: 'invalid-argument', message });
    });
  }

  it('does not believe the name of a blob', async () => {
    const path = `blobs/${digestOf('right').replace(':', '/')}`;
    await assert.rejects(load(await tarOf({ [path]: { content: 'wrong' } })), {
      message: /^filesystem layer verification failed/,
    });
  });
});

describe('importImage', () => {
  const created = new Date('2026-01-02T03:04:05Z');
  const run = (archive: Uint8Array, changes: string[] = [], target = new MemoryTarget()) =>
    completed(importImage({ archive: single(archive), changes, created, platform: amd64, target }));

  it('makes an image of one layer, with changes', async () => {
    const target = new MemoryTarget();
    const [tar = Buffer.alloc(0)] = tars;
    const { progress, result } = await run(gzipSync(tar), ['CMD ["/a"]', 'ENV A=1'], target);
    assert.deepEqual(target.unpacked, [digestOf(tar)]);
    assert.deepEqual(result.imageConfig, {
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05.000Z',
      config: { Cmd: ['/a'], Env: ['A=1'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      history: [{ created: '2026-01-02T03:04:05.000Z', comment: 'Imported from -' }],
    });
    assert.deepEqual(progress.at(-1), { status: result.config.digest });
  });

  it('refuses a wrong change before it reads', () => {
    assert.throws(() => run(Buffer.alloc(0), ['RUN x']), { message: 'run is not a valid change command' });
  });
});
