import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { FileSystems } from '../context.ts';
import type { CopyCalls } from './tree-copy.ts';
import { VolumeDirectories } from './volume-directories.ts';

let folder: string;
let mounted: string[];
let directories: VolumeDirectories;

/** Mounts that can be listed and taken away, but for those that `stuck` names. */
function fakeFileSystems(stuck: readonly string[] = []): FileSystems {
  return {
    mount: async ({ target }) => void mounted.push(target),
    unmount: (target) => {
      if (!stuck.includes(target)) mounted = mounted.filter((point) => point !== target);
    },
    mountPoints: () => mounted,
  };
}

/** A file system without extended attributes. */
const noXattrs: CopyCalls = {
  makeNode: () => assert.fail(),
  listXattrs: () => [],
  readXattr: () => undefined,
  writeXattr: () => assert.fail(),
};

describe('directories of volumes', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-volumes-'));
    mounted = [];
    directories = new VolumeDirectories(folder, fakeFileSystems(), noXattrs);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const inside = (path: string) => join(folder, path);
  const write = (path: string, text: string) => writeFileSync(inside(path), text);

  test('a volume’s name is free as soon as its directory has been detached', async () => {
    directories.make('web');
    assert.deepEqual(
      ['web', 'web/_data'].map((path) => statSync(inside(path)).mode & 0o777),
      [0o701, 0o755],
    );
    write('web/_data/old', '');
    const rest = directories.detach('web');
    directories.make('web');
    assert.deepEqual(readdirSync(directories.mountpoint('web')), []);
    await rest();
    assert.deepEqual(readdirSync(folder), ['web']);
    await directories.detach('absent')();
  });

  test('what is mounted in a volume is taken away before its files are', async () => {
    directories.make('web');
    mounted.push(inside('web/_data'));
    const rest = directories.detach('web');
    mounted = [join(folder, readdirSync(folder)[0] ?? '', '_data')];
    await rest();
    assert.deepEqual([mounted, readdirSync(folder)], [[], []]);
  });

  test('nothing is removed while something is mounted in it', async () => {
    directories.make('web');
    const stuck = inside('.removed-1');
    mkdirSync(stuck);
    write('.removed-1/precious', '');
    mounted.push(stuck);
    const stubborn = new VolumeDirectories(folder, fakeFileSystems([stuck]), noXattrs);
    await assert.rejects(stubborn.recover(new Set(['web'])), { message: `still mounted: ${stuck}` });
    assert.ok(existsSync(inside('.removed-1/precious')));
  });

  test('only an empty volume is filled, in one step', async () => {
    directories.make('web');
    await directories.fill('web', async (to) => {
      mkdirSync(join(to, 'deep'));
      writeFileSync(join(to, 'deep/file'), 'content');
      assert.deepEqual(readdirSync(directories.mountpoint('web')), []);
    });
    assert.equal(readFileSync(inside('web/_data/deep/file'), 'utf8'), 'content');
    await directories.fill('web', () => assert.fail('it is not empty'));
    assert.deepEqual(readdirSync(inside('web')), ['_data']);
  });

  test('a copy that fails leaves the volume as it was', async () => {
    directories.make('web');
    const broken = async (to: string) => {
      writeFileSync(join(to, 'half'), '');
      throw new Error('disk full');
    };
    await assert.rejects(directories.fill('web', broken), /disk full/);
    assert.deepEqual([readdirSync(inside('web')), readdirSync(inside('web/_data'))], [['_data'], []]);
  });

  test('what a crash cut off is completed or taken back', async () => {
    for (const path of [
      'half/_copying',
      'full/_copied/deep',
      'full/_data',
      '.removed-1/_data',
      'empty/_data',
      'lost',
    ]) {
      mkdirSync(inside(path), { recursive: true });
    }
    for (const path of ['half/_copying/a', 'full/_copied/b', 'full/_copied/c', '.removed-1/_data/d', 'lost/e']) {
      write(path, 'copied');
    }
    write('full/_data/c', 'written meanwhile');
    assert.deepEqual(await directories.recover(new Set(['half', 'full', 'never-made'])), ['lost']);
    assert.deepEqual(readdirSync(folder).sort(), ['full', 'half', 'lost', 'never-made']);
    assert.deepEqual(
      ['half', 'half/_data', 'full', 'full/_data', 'never-made/_data'].map((path) => readdirSync(inside(path)).sort()),
      [['_data'], [], ['_data'], ['b', 'c', 'deep'], []],
    );
    assert.equal(readFileSync(inside('full/_data/c'), 'utf8'), 'written meanwhile');
  });

  test('the size of a volume is that of its files', async () => {
    directories.make('web');
    mkdirSync(inside('web/_data/deep'));
    write('web/_data/deep/a', '12345');
    write('web/_data/b', '67');
    linkSync(inside('web/_data/b'), inside('web/_data/c'));
    assert.equal(await directories.size('web'), 7);
    assert.equal(await directories.size('gone'), 0);
  });
});
