import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ContainerMount } from './volume-model.ts';
import { VolumeSources } from './volume-sources.ts';

let root: string;
let folder: string;
/** What was bound, by where it was bound to. */
let bound: Map<string, string>;

const fileSystems = {
  mount: async ({ source, target }: { readonly source: string; readonly target: string }) =>
    void bound.set(target, readlinkSync(source)),
  unmount: (target: string) => void bound.delete(target),
  mountPoints: () => [...bound.keys()],
};
const mount = (subpath: string): ContainerMount => {
  const volume = { noCopy: false, subpath };
  return { type: 'volume', source: 'web', target: '/srv', readOnly: false, mode: 'z', volumeName: 'web', volume };
};
const newSources = () => new VolumeSources({ mountpoint: () => root, folder, fileSystems });

describe('sources of volumes', () => {
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'fairlead-part-')));
    folder = join(root, 'bound');
    bound = new Map();
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/file'), '');
    symlinkSync('/etc', join(root, 'out'));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  test('a volume is found at its root, and a bind where it was asked for', async () => {
    using sources = newSources();
    const bind: ContainerMount = { type: 'bind', source: '/srv', target: '/a', readOnly: false, mode: '' };
    await sources.add(mount(''));
    await sources.add(bind);
    assert.deepEqual([sources.of(mount('')), sources.of(bind)], [root, '/srv']);
  });

  test('a part of a volume is bound to a place of its own, which goes in the end', async () => {
    for (const part of ['./a/b', 'a/b/file']) {
      const sources = newSources();
      await sources.add(mount(part));
      const place = sources.of(mount(part));
      assert.equal(bound.get(place), join(root, part));
      assert.deepEqual(readdirSync(folder).length, 1);
      sources[Symbol.dispose]();
      assert.deepEqual([bound.size, readdirSync(folder)], [0, []]);
    }
  });

  test('no link leads out of a volume', async () => {
    using sources = newSources();
    for (const [subpath, reason] of [
      ['absent', 'no such file or directory'],
      ['a/b/file/below', 'not a directory'],
      ['out', 'too many symbolic links encountered'],
      ['out/ssl', 'not a directory'],
    ] as const) {
      const message = `cannot access path ${join(root, subpath)}: ${reason}`;
      await assert.rejects(sources.add(mount(subpath)), { code: 'not-found', message });
    }
  });
});
