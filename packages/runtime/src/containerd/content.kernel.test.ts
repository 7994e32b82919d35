import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { isNotFound } from '@fairlead/base';
import { importBusybox } from '../testing/busybox-image.ts';
import { type PrivateContainerd, privateContainerd } from '../testing/private-containerd.ts';
import { tarArchive } from '../testing/tar.ts';
import { sha256Digest } from './chain-id.ts';

let lab: PrivateContainerd;

before(async () => {
  lab = await privateContainerd();
});

after(() => lab[Symbol.asyncDispose]());

/** A source that counts where it was opened and can break off. */
function source(bytes: Buffer, options: { readonly failAt?: number } = {}) {
  const opened: number[] = [];
  async function* open(offset: number): AsyncGenerator<Uint8Array> {
    opened.push(offset);
    for (let at = offset; at < bytes.length; at += 64 * 1024) {
      if (options.failAt !== undefined && at >= options.failAt) throw new Error('line lost');
      yield bytes.subarray(at, at + 64 * 1024);
    }
  }
  return { opened, open };
}

test('what is written is read again, whole and in part', async () => {
  const { content, leases } = lab.containerd;
  const bytes = randomBytes(5 * 1024 * 1024 + 17);
  const digest = sha256Digest(bytes);
  await using lease = await leases.create(60);
  const labels = { 'fairlead.test': 'yes' };
  const write = { ref: 'large', digest, size: bytes.length, labels, lease };
  assert.equal(await content.write(write, source(bytes).open), digest);
  assert.deepEqual(await content.readAll(digest), bytes);
  const part = await Array.fromAsync(content.read(digest, { offset: 1000, size: 50 }));
  assert.deepEqual(Buffer.concat(part), bytes.subarray(1000, 1050));
  const info = await content.info(digest);
  assert.equal(info.size, bytes.length);
  assert.equal(info.labels['fairlead.test'], 'yes');
});

test('writing what is there already succeeds, and reads nothing', async () => {
  const { content } = lab.containerd;
  const bytes = Buffer.alloc(2 * 1024 * 1024, 7);
  const digest = sha256Digest(bytes);
  const first = source(bytes);
  const again = source(bytes);
  const write = { ref: 'twice', digest, size: bytes.length };
  // At once: the second waits for the first.
  await Promise.all([content.write(write, first.open), content.write(write, again.open)]);
  assert.deepEqual(again.opened, []);
  const small = Buffer.from('small');
  const smallWrite = { ref: 'small', digest: sha256Digest(small), size: small.length };
  assert.equal(await content.write(smallWrite, small), await content.write(smallWrite, small));
});

test('a write that broke off goes on where it stopped', async () => {
  const { content } = lab.containerd;
  const bytes = randomBytes(4 * 1024 * 1024);
  const write = { ref: 'broken', digest: sha256Digest(bytes), size: bytes.length };
  await assert.rejects(content.write(write, source(bytes, { failAt: 3 * 1024 * 1024 }).open), /line lost/);
  const rest = source(bytes);
  await content.write(write, rest.open);
  assert.ok((rest.opened[0] ?? 0) > 0, `opened at ${rest.opened}`);
  assert.deepEqual(await content.readAll(write.digest), bytes);
});

test('content that is not what was said is refused', async () => {
  const { content } = lab.containerd;
  const write = { ref: 'wrong', digest: sha256Digest('right'), size: 5 };
  await assert.rejects(content.write(write, Buffer.from('wrong')), { code: 'conflict' });
  assert.equal(await content.has(write.digest), false);
});

test('labels are set, replaced and removed one by one', async () => {
  const { content } = lab.containerd;
  const bytes = Buffer.from('labelled');
  const digest = sha256Digest(bytes);
  await content.write({ ref: 'labels', digest, labels: { a: '1', b: '2' } }, bytes);
  const { labels } = await content.updateLabels(digest, { a: '', c: '3' });
  assert.deepEqual(labels, { b: '2', c: '3' });
  assert.deepEqual(
    (await content.list(['labels."c"==3'])).map((blob) => blob.digest),
    [digest],
  );
  await content.delete(digest);
  await assert.rejects(content.info(digest), isNotFound);
});

test('a layer with another diff id than was said is refused and leaves nothing', async () => {
  const { content, layers, leases, snapshots } = lab.containerd;
  const archive = tarArchive([{ name: 'file', content: Buffer.from('x') }]);
  const digest = sha256Digest(archive);
  await using lease = await leases.create(60);
  await content.write({ ref: 'layer', digest, lease }, archive);
  const before = await snapshots.list();
  const blob = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: archive.length };
  const wrong = { blob, diffId: sha256Digest('other'), parent: '' };
  await assert.rejects(layers.unpack(wrong, lease), { code: 'invalid-argument', message: /wrong diff id/ });
  assert.deepEqual(await snapshots.list(), before);
});

test('an image holds its content, and takes it along when it goes', async () => {
  const { content, images, snapshots } = lab.containerd;
  const name = 'example.org/busybox:1';
  const top = await importBusybox(lab.containerd, name);
  await importBusybox(lab.containerd, name);
  const image = await images.get(name);
  assert.deepEqual(
    (await images.list([`name==${name}`])).map((record) => record.target),
    [image.target],
  );
  assert.equal((await snapshots.stat(top)).kind, 'committed');
  assert.ok((await snapshots.usage(top)).size > 1_000_000);
  await images.delete(name, { sync: true });
  assert.equal(await snapshots.has(top), false);
  assert.equal(await content.has(image.target.digest), false);
  await assert.rejects(images.get(name), isNotFound);
});

test('a root snapshot outlives its image, and its changes become a layer', async () => {
  const { content, differ, images, leases, snapshots } = lab.containerd;
  const top = await importBusybox(lab.containerd, 'example.org/busybox:2');
  const upper = await snapshots.prepareRoot('kept', top);
  assert.deepEqual(await snapshots.mounts('kept'), upper);
  await images.delete('example.org/busybox:2', { sync: true });
  assert.ok(await snapshots.has(top));
  await using lease = await leases.create(60);
  const lower = await snapshots.view('kept-view', top, { lease });
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const layer = await differ.diff(lower, upper, { mediaType, ref: 'commit', lease });
  assert.equal((await content.info(layer.digest)).size, layer.size);
  await snapshots.remove('kept-view');
  await snapshots.remove('kept');
});
