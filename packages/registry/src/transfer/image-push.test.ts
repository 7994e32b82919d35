import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type Digest, digestOf } from '../document/digest.ts';
import { parseImageReference } from '../document/image-reference.ts';
import { FakeRegistry, refuse } from '../testing/fake-registry.ts';
import { collected, completed } from '../testing/memory-target.ts';
import { sampleImage } from '../testing/sample-image.ts';
import { type ImageToPush, pushImages } from './image-push.ts';

const image = sampleImage([Buffer.alloc(100_000, 'a'), Buffer.alloc(50_000, 'b')], { compression: 'none' });
const toPush: ImageToPush = {
  tag: 'v1',
  manifest: image.manifest,
  config: image.config,
  layers: image.layers.map((descriptor) => ({ descriptor, diffId: descriptor.digest })),
};

/** What a registry that takes uploads has been sent, and what it is to do before it takes the next piece. */
class Uploads {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, string>();
  readonly mountable = new Set<string>();
  #next = 0;
  readonly #begun = new Map<string, Buffer>();
  beforeData: (request: IncomingMessage, upload: string) => Promise<boolean> = async () => false;

  readonly handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = new URL(request.url ?? '', 'http://x');
    const [, , , kind, ...rest] = url.pathname.split('/');
    if (request.method === 'GET' && kind === undefined) return false;
    void this.#answer(request, response, url, kind, rest.at(-1) ?? '');
    return true;
  };

  keep(upload: string, bytes: Uint8Array): void {
    this.#begun.set(upload, Buffer.concat([this.#begun.get(upload) ?? Buffer.alloc(0), bytes]));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL, kind = '', name: string): Promise<void> {
    const location = (upload: string) => ({ Location: `/v2/app/blobs/uploads/${upload}?state=s` });
    const { method } = request;
    if (kind === 'manifests') {
      this.manifests.set(name, digestOf(await collected(request)));
      response.writeHead(201).end();
    } else if (method === 'HEAD') response.writeHead(this.blobs.has(name) ? 200 : 404).end();
    else if (method === 'POST') {
      const mounted = this.mountable.has(url.searchParams.get('mount') ?? '');
      if (mounted) this.blobs.set(url.searchParams.get('mount') ?? '', Buffer.alloc(0));
      response.writeHead(mounted ? 201 : 202, location(String(this.#next++))).end();
    } else if (method === 'GET') {
      const range = `0-${(this.#begun.get(name)?.length ?? 0) - 1}`;
      response.writeHead(204, { ...location(name), Range: range }).end();
    } else if (method === 'PATCH') {
      if (await this.beforeData(request, name)) return;
      this.keep(name, await collected(request));
      response.writeHead(202, location(name)).end();
    } else {
      const digest = url.searchParams.get('digest') ?? '';
      const bytes = this.#begun.get(name) ?? Buffer.alloc(0);
      if (digestOf(bytes) !== digest) return refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match');
      this.blobs.set(digest, bytes);
      response.writeHead(201).end();
    }
  }
}

async function start() {
  const registry = await FakeRegistry.start();
  const uploads = new Uploads();
  registry.intercept = uploads.handle;
  const offsets: number[] = [];
  const push = (sourceOf: (digest: Digest) => string | undefined = () => undefined) =>
    completed(
      pushImages({
        reference: parseImageReference(`${registry.host}/app`),
        images: [toPush],
        retryDelay: 1,
        read: (digest) =>
          async function* (offset) {
            offsets.push(offset);
            yield image.blobs.get(digest)?.subarray(offset) ?? Buffer.alloc(0);
          },
        sourceOf,
      }),
    );
  return { uploads, push, offsets, registry, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

const [base = '', top = ''] = image.layers.map(({ digest }) => digest.slice('sha256:'.length).slice(0, 12));

test('an image is sent with all its parts, the manifest last', async () => {
  await using rig = await start();
  const { progress } = await rig.push();
  assert.deepEqual([...rig.uploads.blobs.keys()].sort(), [...image.blobs.keys()].sort());
  assert.equal(rig.uploads.manifests.get('v1'), image.manifest.descriptor.digest);
  assert.match(rig.registry.requests.at(-1)?.line ?? '', /^PUT \/v2\/app\/manifests\/v1$/);
  const said = progress.map(({ status, id }) => `${status} ${id}`);
  for (const id of [base, top])
    for (const word of ['Preparing', 'Pushing', 'Pushed']) assert.ok(said.includes(`${word} ${id}`));
  const { digest, size } = image.manifest.descriptor;
  assert.deepEqual(progress.slice(-2), [
    { status: `v1: digest: ${digest} size: ${size}` },
    { pushed: { tag: 'v1', digest, size } },
  ]);
});

test('what the registry has is not sent again, and what another repository has is mounted', async () => {
  await using rig = await start();
  const [first, second] = image.layers.map(({ digest }) => digest);
  rig.uploads.blobs.set(first ?? '', Buffer.alloc(0));
  rig.uploads.mountable.add(second ?? '');
  const { progress } = await rig.push((digest) => (digest === second ? 'other' : undefined));
  const said = progress.map(({ status, id }) => `${status} ${id}`);
  assert.ok(said.includes(`Layer already exists ${base}`) && said.includes(`Mounted from other ${top}`));
  // The config is all that is left.
  assert.deepEqual(rig.offsets, [0]);
});

test('an upload that is broken off goes on where it stopped', async () => {
  await using rig = await start();
  let broken = false;
  rig.uploads.beforeData = async (request, upload) => {
    if (broken || Number(request.headers['content-length']) !== 100_000) return false;
    broken = true;
    // Leaving the loop below takes the socket away from the request.
    const { socket } = request;
    let received = 0;
    for await (const piece of request) {
      const bytes: Buffer = piece;
      const kept = bytes.subarray(0, 40_000 - received);
      rig.uploads.keep(upload, kept);
      received += kept.length;
      if (received === 40_000) break;
    }
    socket.destroy();
    return true;
  };
  await rig.push();
  assert.ok(rig.offsets.includes(40_000), String(rig.offsets));
  assert.equal(rig.uploads.manifests.get('v1'), image.manifest.descriptor.digest);
});

test('a refusal is in the registry’s words', async () => {
  await using rig = await start();
  rig.registry.intercept = (request, response) => {
    if (request.method === 'GET') return false;
    if (request.method === 'HEAD') response.writeHead(404).end();
    else refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
    return true;
  };
  await assert.rejects(rig.push(), {
    code: 'forbidden',
    message: 'denied: requested access to the resource is denied',
  });
});
