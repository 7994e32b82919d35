import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { mountFileSystem, mountPoints, unmountFileSystem } from '@fairlead/kernel';
import { dropViews, viewImage } from './image-view.ts';

const fileSystems = { mount: mountFileSystem, unmount: unmountFileSystem, mountPoints };
let folder: string;
let views: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fl-'));
  views = join(folder, 'v');
});

afterEach(() => {
  dropViews(views, fileSystems);
  rmSync(folder, { recursive: true });
});

/** Layers with one file each and one that all have, uppermost first; their paths are as long as a snapshotter's. */
function overlay(count: number) {
  const layers = Array.from({ length: count }, (_, index) => join(folder, `layer${'x'.repeat(80)}${index}`, 'fs'));
  for (const [index, layer] of layers.entries()) {
    mkdirSync(layer, { recursive: true });
    writeFileSync(join(layer, `own${index}`), '');
    writeFileSync(join(layer, 'shared'), `of ${index}`);
  }
  const [upper, ...lower] = layers;
  return [{ type: 'overlay', source: 'overlay', options: [`upperdir=${upper}`, `lowerdir=${lower.join(':')}`] }];
}

test('as many layers as an image may have are seen as one tree, in which nothing can be written', async () => {
  // Docker's limit of 125 layers, the container's own one and that of its set-up.
  await viewImage(overlay(127), views, fileSystems, async (root) => {
    assert.equal(readdirSync(root).length, 128);
    assert.equal(readFileSync(join(root, 'shared'), 'utf8'), 'of 0');
    assert.throws(() => writeFileSync(join(root, 'new'), ''), { code: 'EROFS' });
  });
  assert.deepEqual(readdirSync(views), []);
});

test('a single directory is looked at where it is', async () => {
  const mounts = [{ type: 'bind', source: folder, options: ['rbind', 'rw'] }];
  assert.equal(await viewImage(mounts, views, fileSystems, async (root) => root), folder);
  assert.ok(!existsSync(views));
});

test('a view goes with the work that fails, and what a crash left of one is dropped', async () => {
  const fail = () => Promise.reject(new Error('disk full'));
  await assert.rejects(viewImage(overlay(2), views, fileSystems, fail), /disk full/);
  assert.deepEqual(readdirSync(views), []);
  const left = join(views, 'left/root');
  mkdirSync(left, { recursive: true });
  await fileSystems.mount({ source: 'tmpfs', target: left, type: 'tmpfs', options: '' });
  dropViews(views, fileSystems);
  assert.ok(!existsSync(views) && !mountPoints().some((point) => point.startsWith(folder)));
});
