import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chainIds, digestOf, jsonBlob, shortDigest } from '../document/digest.ts';
import { parseImageReference } from '../document/image-reference.ts';
import { mediaTypes } from '../document/manifest.ts';
import { FakeRegistry, refuse } from '../testing/fake-registry.ts';
import { completed, MemoryTarget } from '../testing/memory-target.ts';
import { amd64, closedRegistry, pull, registryWith } from '../testing/pull-from.ts';
import { layerArchives, sampleImage } from '../testing/sample-image.ts';
import { pullImage, pullStatus } from './image-pull.ts';

const [tars, big] = [await layerArchives(5), (await layerArchives(1, 300_000))[0] ?? Buffer.alloc(0)];

const statuses = (progress: readonly { status?: string; id?: string }[], id: string) =>
  progress.flatMap((line) => (line.id === id && line.status !== undefined ? [line.status] : []));

describe('pullImage', () => {
  for (const [kind, options] of [
    ['an OCI image packed with gzip', {}],
    ['an OCI image packed with zstd', { compression: 'zstd' as const }],
    ['a Docker image packed with gzip', { docker: true }],
    ['an unpacked OCI image', { compression: 'none' as const }],
  ] as const) {
    it(`pulls ${kind} and unpacks its layers in order`, async () => {
      const image = sampleImage(tars, options);
      await using registry = await registryWith(image);
      const target = new MemoryTarget();
      const { result } = await pull(registry, { target });
      assert.deepEqual(target.unpacked, chainIds(tars.map(digestOf)));
      assert.deepEqual(result.config, image.config);
      assert.deepEqual(result.descriptor, image.manifest.descriptor);
      assert.equal(result.chainId, target.unpacked.at(-1));
      assert.deepEqual(target.labels.get(image.config.digest), { snapshot: result.chainId });
      const labels = target.labels.get(image.manifest.descriptor.digest) ?? {};
      assert.equal(labels['containerd.io/gc.ref.content.config'], image.config.digest);
      assert.equal(labels['containerd.io/gc.ref.content.l.4'], image.layers[4]?.digest);
    });
  }

  it('reports in Docker’s words', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image, 'library/app');
    const { progress } = await pull(registry, { name: `${registry.host}/library/app:v1` });
    assert.deepEqual(progress[0], { status: 'Pulling from library/app', id: 'v1' });
    const last = statuses(progress, shortDigest(image.layers[4]?.digest ?? digestOf('')));
    assert.deepEqual(
      [...new Set(last)],
      [
        'Pulling fs layer',
        'Waiting',
        'Downloading',
        'Verifying Checksum',
        'Download complete',
        'Extracting',
        'Pull complete',
      ],
    );
    const size = image.layers[4]?.size;
    assert.ok(progress.some((line) => line.status === 'Downloading' && line.current === size && line.total === size));
    assert.deepEqual(progress.at(-1), { status: `Digest: ${image.manifest.descriptor.digest}` });
    const reference = parseImageReference('localhost:5000/app:v1');
    assert.deepEqual(
      [pullStatus(reference, true), pullStatus({ ...reference, tag: undefined }, false)],
      [
        { status: 'Status: Downloaded newer image for localhost:5000/app:v1' },
        { status: 'Status: Image is up to date for localhost:5000/app' },
      ],
    );
  });

  it('says so when nothing is new, and fetches no blob', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const target = new MemoryTarget();
    const { result } = await pull(registry, { target });
    registry.requests.length = 0;
    const again = await pull(registry, { target, current: result.descriptor.digest });
    assert.deepEqual(
      registry.requests.map(({ line }) => line),
      ['GET /v2/', 'GET /v2/app/manifests/v1'],
    );
    assert.deepEqual([result.isNew, again.result.isNew, again.progress.length], [true, false, 2]);
  });

  it('says nothing of layers when the image is here under another name', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const target = new MemoryTarget();
    await pull(registry, { target });
    registry.add('app', 'v2', image);
    const { progress, result } = await pull(registry, { target, name: `${registry.host}/app:v2` });
    assert.deepEqual(
      progress.map(({ status }) => status),
      ['Pulling from app', `Digest: ${image.manifest.descriptor.digest}`],
    );
    assert.equal(result.isNew, true);
  });

  it('fetches only the layers that are missing', async () => {
    await using registry = await registryWith(sampleImage(tars.slice(0, 2)));
    const target = new MemoryTarget();
    await pull(registry, { target });
    const image = sampleImage(tars);
    registry.add('app', 'v2', image);
    const { progress } = await pull(registry, { target, name: `${registry.host}/app:v2` });
    const first = image.layers.slice(0, 3).map(({ digest }) => statuses(progress, shortDigest(digest))[0]);
    assert.deepEqual(first, ['Already exists', 'Already exists', 'Pulling fs layer']);
    assert.equal(target.unpacked.length, 5);
  });

  it('chooses the platform and keeps the index', async () => {
    const images = ['amd64', 'arm64'].map((architecture) => sampleImage(tars, { architecture }));
    const entries = images.map(({ manifest }, index) => ({
      ...manifest.descriptor,
      platform: { os: 'linux', architecture: index === 0 ? 'amd64' : 'arm64' },
    }));
    const index = jsonBlob(mediaTypes.ociIndex, { schemaVersion: 2, manifests: entries });
    await using registry = await FakeRegistry.start();
    for (const [number, image] of images.entries()) registry.add('app', `only-${number}`, image);
    registry.add('app', 'v1', { manifest: index, blobs: new Map() });
    const target = new MemoryTarget();
    const { result } = await pull(registry, { target, platform: { os: 'linux', architecture: 'arm64' } });
    assert.equal(result.imageConfig.architecture, 'arm64');
    assert.deepEqual(result.descriptor, index.descriptor);
    assert.deepEqual(result.manifest, images[1]?.manifest.descriptor);
    assert.ok(target.blobs.has(index.descriptor.digest));
    await assert.rejects(pull(registry, { platform: { os: 'linux', architecture: 's390x' } }), {
      code: 'not-found',
      message: 'no matching manifest for linux/s390x in the manifest list entries',
    });
  });

  it('pulls by digest and does not believe another manifest', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const { digest } = image.manifest.descriptor;
    const { progress } = await pull(registry, { name: `${registry.host}/app@${digest}` });
    assert.equal(progress[0]?.id, `${registry.host}/app@${digest}`);
    const wrong = digestOf('other');
    registry.manifests.set(`app:${wrong}`, { mediaType: mediaTypes.ociManifest, bytes: image.manifest.bytes });
    await assert.rejects(pull(registry, { name: `${registry.host}/app@${wrong}` }), {
      message: `manifest verification failed for digest ${wrong}`,
    });
  });

  it('does not take a blob that is not what the manifest says', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const digest = image.layers[1]?.digest ?? digestOf('');
    registry.blobs.set(digest, Buffer.alloc(image.layers[1]?.size ?? 0));
    const target = new MemoryTarget();
    await assert.rejects(pull(registry, { target }), {
      code: 'internal',
      message: `filesystem layer verification failed for digest ${digest}`,
    });
    assert.ok(!target.blobs.has(image.manifest.descriptor.digest));
  });

  it('refuses schema 1', async () => {
    await using registry = await FakeRegistry.start();
    const manifest = jsonBlob('application/vnd.docker.distribution.manifest.v1+prettyjws', { schemaVersion: 1 });
    registry.add('app', 'v1', { manifest, blobs: new Map() });
    await assert.rejects(pull(registry), { code: 'not-implemented', message: /schema 1 support has been removed/ });
  });
});

describe('a broken transfer', () => {
  for (const ranges of [true, false]) {
    it(`goes on where it stopped ${ranges ? 'with' : 'without'} range requests`, async () => {
      const image = sampleImage([big], { compression: 'none' });
      await using registry = await registryWith(image);
      const digest = image.layers[0]?.digest ?? digestOf('');
      let breaks = 2;
      registry.intercept = (request, response) => {
        if (!request.url?.endsWith(digest)) return false;
        if (!ranges) delete request.headers.range;
        if (breaks-- <= 0) {
          if (ranges) return false;
          response.end(registry.blobs.get(digest));
          return true;
        }
        const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
        response.writeHead(ranges && start > 0 ? 206 : 200, { 'Content-Length': big.length - start });
        response.write(big.subarray(start, start + 100_000), () => response.destroy());
        return true;
      };
      const target = new MemoryTarget();
      const { progress } = await pull(registry, { target });
      assert.deepEqual(target.blobs.get(digest), Buffer.from(big));
      const fetches = registry.requests.filter(({ line }) => line.endsWith(digest));
      assert.equal(fetches.length, 3);
      assert.match(fetches[2]?.range ?? '', /^bytes=[1-9]\d*-$/);
      assert.equal(progress.filter(({ status }) => status === 'Retrying in 1 second').length, 2);
    });
  }

  it('of an earlier pull is gone on with', async () => {
    const image = sampleImage([big], { compression: 'none' });
    await using registry = await registryWith(image);
    const digest = image.layers[0]?.digest ?? digestOf('');
    const target = new MemoryTarget();
    target.partial.set(digest, big.subarray(0, 1000));
    const { progress } = await pull(registry, { target });
    assert.deepEqual(target.blobs.get(digest), Buffer.from(big));
    assert.equal(registry.requests.find(({ line }) => line.endsWith(digest))?.range, 'bytes=1000-');
    const sizes = progress.flatMap(({ status, current }) => (status === 'Downloading' ? [current ?? 0] : []));
    assert.equal(sizes.at(-1), big.length);
  });

  it('is given up after five attempts, and the other layers with it', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const digest = image.layers[0]?.digest ?? digestOf('');
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(digest)) return false;
      response.writeHead(500).end();
      return true;
    };
    await assert.rejects(pull(registry), { message: 'received unexpected HTTP status: 500 Internal Server Error' });
    assert.equal(registry.requests.filter(({ line }) => line.endsWith(digest)).length, 5);
  });

  it('stops when the reader goes away', async () => {
    const image = sampleImage(tars);
    await using registry = await registryWith(image);
    const [asked, cut] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/blobs/') || request.url.endsWith(image.config.digest)) return false;
      // Never answered: only the client can end this.
      response.on('close', cut.resolve);
      asked.resolve();
      return true;
    };
    const reference = parseImageReference(`${registry.host}/app:v1`);
    for await (const { status } of pullImage({ reference, target: new MemoryTarget(), platform: amd64 })) {
      if (status !== 'Waiting') continue;
      await asked.promise;
      break;
    }
    await cut.promise;
    await assert.rejects(pull(registry, { signal: AbortSignal.abort() }), { code: 'cancelled' });
  });
});

describe('errors', () => {
  const table: [status: number, code: string, message: string, expected: object][] = [
    [
      404,
      'MANIFEST_UNKNOWN',
      'manifest unknown',
      { code: 'not-found', message: 'manifest for HOST/app:v1 not found: manifest unknown: manifest unknown' },
    ],
    [
      404,
      'NAME_UNKNOWN',
      'repository name not known to registry',
      {
        code: 'not-found',
        message: 'repository HOST/app not found: name unknown: repository name not known to registry',
      },
    ],
    [
      403,
      'DENIED',
      'requested access to the resource is denied',
      {
        code: 'not-found',
        message:
          "pull access denied for HOST/app, repository does not exist or may require 'docker login': " +
          'denied: requested access to the resource is denied',
      },
    ],
    [
      429,
      'TOOMANYREQUESTS',
      'slow down',
      { code: 'internal', message: 'Get "http://HOST/v2/app/manifests/v1": toomanyrequests: slow down' },
    ],
  ];
  for (const [status, code, message, expected] of table) {
    it(`are Docker’s for ${status} ${code}`, async () => {
      await using registry = await FakeRegistry.start();
      registry.intercept = (request, response) => {
        if (request.url === '/v2/') return false;
        refuse(response, status, code, message);
        return true;
      };
      const text = JSON.stringify(expected).replaceAll('HOST', registry.host);
      await assert.rejects(pull(registry), JSON.parse(text));
    });
  }

  it('name the address that refused', async () => {
    const { host } = await closedRegistry();
    const reference = parseImageReference(`${host}/app`);
    await assert.rejects(completed(pullImage({ reference, target: new MemoryTarget() })), {
      code: 'internal',
      message: `Get "http://${host}/v2/": dial tcp ${host}: connect: connection refused`,
    });
  });
});

describe('mirrors of docker.io', () => {
  it('are asked in order', async () => {
    const image = sampleImage(tars.slice(0, 1));
    await using empty = await FakeRegistry.start();
    await using full = await registryWith(image, 'library/app');
    const mirrors = [`http://${(await closedRegistry()).host}`, `http://${empty.host}`, `http://${full.host}`];
    const { result } = await pull(full, { name: 'app:v1', mirrors, credentials: { username: 'a', password: 'b' } });
    assert.deepEqual(result.config, image.config);
    assert.ok(empty.requests.some(({ line }) => line === 'GET /v2/library/app/manifests/v1'));
    assert.ok(full.requests.every(({ authorization }) => authorization === ''));
  });
});
