import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { isConflict, isNotFound } from '@fairlead/base';
import type { Containerd } from '@fairlead/runtime';
import type { Progress } from '../progress-port.ts';
import type { ImageUser } from './image-removal.ts';
import { Images } from './image-service.ts';
import type { ImageEvent } from './images-options.ts';
import { dockerArchive, layerTar } from './testing/docker-archive.ts';
import { type PrivateContainerd, privateContainerd } from './testing/private-containerd.ts';

let lab: PrivateContainerd;
let images: Images;
let events: ImageEvent[] = [];
let users: ImageUser[] = [];

before(async () => {
  lab = await privateContainerd();
  images = imagesOf(lab.containerd);
});

after(() => lab[Symbol.asyncDispose]());

function imagesOf(containerd: Containerd): Images {
  return new Images({
    containerd,
    registry: {},
    execRoot: tmpdir(),
    emit: (event) => events.push(event),
    usedBy: () => users,
  });
}

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536);
}

async function drain(lines: AsyncIterable<Progress>): Promise<Progress[]> {
  return Array.fromAsync(lines);
}

/** Load images and start over with what is told. */
async function load(archive: { readonly bytes: Uint8Array }): Promise<string[]> {
  const lines = await drain(images.load(stream(archive.bytes), { quiet: true }));
  return lines.map(({ stream: text = '' }) => text.trim());
}

const base = { 'bin/hello': 'hello' };
const one = dockerArchive([
  { tags: ['one:latest'], layers: [base, { 'etc/one': '1' }], config: { Labels: { a: 'b' } } },
]);
const [oneId = ''] = one.ids;

/** How many things containerd holds, once it has collected what nothing refers to. */
async function everything(): Promise<number> {
  const { containerd } = lab;
  const { id } = await containerd.leases.create();
  await containerd.leases.delete(id, { sync: true });
  const counts = await Promise.all([containerd.images.list(), containerd.content.list(), containerd.snapshots.list()]);
  return counts.reduce((sum, list) => sum + list.length, 0) + (await containerd.leases.list()).length;
}

test('a loaded image is listed with what its config says, and all of it goes when it is removed', async () => {
  events = [];
  assert.deepEqual(await load(one), ['Loaded image: one:latest']);
  const [image, ...more] = await images.list();
  assert.equal(more.length, 0);
  assert.equal(image?.id, oneId);
  assert.deepEqual(image?.tags, ['one:latest']);
  assert.deepEqual(image?.digests, []);
  assert.equal(image?.created, Date.parse('2024-01-02T03:04:05.678Z'));
  assert.equal(image?.layers.length, 2);
  assert.ok((image?.size ?? 0) > 0);
  assert.deepEqual(images.known(oneId), image);
  const history = await images.history('one');
  assert.deepEqual(
    history.map(({ id, createdBy, tags }) => [id, createdBy, tags]),
    [
      [oneId, 'CMD ["sh"]', ['one:latest']],
      ['<missing>', 'step 1', []],
      ['<missing>', 'step 0', []],
    ],
  );
  assert.equal(history[0]?.size, 0);
  assert.ok((history[2]?.size ?? 0) > 0);
  const removals = await images.remove('one', { force: false });
  assert.deepEqual(removals.slice(0, 2), [{ untagged: 'one:latest' }, { deleted: oneId }]);
  assert.equal(removals.length, 4);
  assert.deepEqual(
    events.map(({ action, id, attributes }) => [action, id, attributes]),
    (['load', 'untag', 'delete'] as const).map((action) => [action, oneId, { a: 'b', name: oneId }]),
  );
  assert.deepEqual(await images.list(), []);
  assert.equal(images.known(oneId), undefined);
  assert.equal(await everything(), 0, 'nothing is left in containerd');
});

test('an image is found by name, by ID and by the beginning of its ID, and is ready for a container', async () => {
  await load(one);
  const digits = oneId.slice('sha256:'.length);
  for (const reference of ['one', 'one:latest', 'docker.io/library/one', oneId, digits, digits.slice(0, 5)]) {
    assert.equal((await images.inspect(reference)).id, oneId, reference);
  }
  const { chainId, config } = await images.resolveForCreate('one');
  assert.ok(await lab.containerd.snapshots.has(chainId));
  assert.deepEqual(config.config?.Labels, { a: 'b' });
  await assert.rejects(images.inspect('two'), { code: 'not-found', message: 'No such image: two:latest' });
  await images.remove('one', { force: false });
});

test('loading what is there already changes nothing', async () => {
  await load(one);
  const before = await everything();
  assert.deepEqual(await load(one), ['Loaded image: one:latest']);
  assert.equal(await everything(), before);
  await images.remove('one', { force: false });
});

test('a tag that moves leaves the image that had it dangling', async () => {
  const other = dockerArchive([{ tags: ['one:latest'], layers: [base] }]);
  await load(one);
  assert.deepEqual(await load(other), [
    'Loaded image: one:latest',
    `The image one:latest already exists, renaming the old one with ID ${oneId} to empty string`,
  ]);
  assert.equal((await images.inspect('one')).id, other.ids[0]);
  assert.deepEqual((await images.inspect(oneId)).tags, []);
  const restarted = imagesOf(lab.connect());
  assert.deepEqual((await restarted.list()).map(({ id }) => id).sort(), [oneId, other.ids[0]].sort());
  const deleted = await images.remove(oneId, { force: false });
  assert.equal(deleted.length, 2, 'the layer that both have stays');
  assert.equal((await images.resolveForCreate('one')).image.id, other.ids[0]);
  await images.remove('one', { force: false });
  assert.equal(await everything(), 0);
});

test('an image with two tags loses one, and is removed by ID only by force', async () => {
  await load(one);
  await images.tag('one', 'registry.example:5000/two', 'v1');
  assert.deepEqual((await images.inspect('one')).tags, ['one:latest', 'registry.example:5000/two:v1']);
  await assert.rejects(images.remove(oneId, { force: false }), {
    code: 'conflict',
    message: `conflict: unable to delete ${oneId.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  });
  assert.deepEqual(await images.remove('one', { force: false }), [{ untagged: 'one:latest' }]);
  assert.equal((await images.remove(oneId.slice(7, 19), { force: true })).length, 4);
  assert.equal(await everything(), 0);
});

test('an image in use keeps its layers whatever is forced', async () => {
  await load(one);
  users = [{ id: 'c'.repeat(64), running: false }];
  await assert.rejects(images.remove('one', { force: false }), isConflict);
  const { chainId } = await images.resolveForCreate('one');
  await lab.containerd.snapshots.prepareRoot('container', chainId);
  assert.deepEqual(await images.remove('one', { force: true }), [{ untagged: 'one:latest' }, { deleted: oneId }]);
  users = [];
  assert.ok(await lab.containerd.snapshots.has(chainId));
  await lab.containerd.snapshots.remove('container');
  await assert.rejects(images.inspect(oneId), isNotFound);
});

test('a root file system is imported with its changes', async () => {
  events = [];
  const archive = stream(layerTar({ 'bin/x': 'x' }));
  const lines = await drain(
    images.import(archive, { repository: 'made', tag: 'v2', message: 'hello', changes: ['CMD ["/bin/x"]'] }),
  );
  const { image, config } = await images.resolveForCreate('made:v2');
  assert.equal(lines.at(-1)?.status, image.id);
  assert.deepEqual(config.config?.Cmd, ['/bin/x']);
  assert.equal((await images.history('made:v2'))[0]?.comment, 'hello');
  assert.deepEqual(
    events.map(({ action, attributes }) => [action, attributes['name']]),
    [
      ['tag', 'made:v2'],
      ['import', image.id],
    ],
  );
  await images.remove('made:v2', { force: false });
});

test('a load that breaks off leaves nothing', async () => {
  const before = await everything();
  const broken = one.bytes.subarray(0, one.bytes.length - 4096 * 2);
  await assert.rejects(drain(images.load(stream(broken), { quiet: true })));
  assert.deepEqual(await lab.containerd.content.list(), [], 'collected at once');
  assert.equal(await everything(), before);
});

test('an image that is removed while the same one is loaded stays whole', async () => {
  await load(one);
  let gone = false;
  async function* slow(): AsyncGenerator<Uint8Array> {
    const half = Math.floor(one.bytes.length / 2 / 512) * 512;
    yield one.bytes.subarray(0, half);
    await images.remove('one', { force: true });
    gone = true;
    yield one.bytes.subarray(half);
  }
  await drain(images.load(slow(), { quiet: true }));
  assert.ok(gone);
  const { chainId } = await images.resolveForCreate('one');
  assert.ok(await lab.containerd.snapshots.has(chainId));
  await images.remove('one', { force: false });
  assert.equal(await everything(), 0);
});

test('a program that is killed in the middle of a load leaves nothing that recover does not clear', async () => {
  const before = await everything();
  const script = `
    const { Containerd } = await import('@fairlead/runtime');
    const { Images } = await import(process.argv[1]);
    const containerd = Containerd.connect(process.argv[2], { namespace: 'fairlead-test' });
    const images = new Images({ containerd, registry: {}, execRoot: '', emit() {}, usedBy: () => [] });
    async function* archive() {
      yield* process.stdin;
      process.stdout.write('stuck');
      setInterval(() => {}, 1000);
      await new Promise(() => {});
    }
    for await (const _ of images.load(archive(), { quiet: true }));
  `;
  const service = new URL('./image-service.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, service, lab.socket], {
    cwd: dirname(service),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // All but the end: the layers are in the content store by then.
  child.stdin.end(one.bytes.subarray(0, one.bytes.length - 10_240));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok((await everything()) > before, 'the lease kept what was loaded');
  await images.recover();
  assert.equal(await everything(), before);
});
