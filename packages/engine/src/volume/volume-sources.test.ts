import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerMount } from '../model.ts';
import { VolumeSources } from './volume-sources.ts';

const mount = (subpath: string): ContainerMount => {
  const volume = { noCopy: false, subpath };
  return { type: 'volume', source: 'web', target: '/srv', readOnly: false, mode: 'z', volumeName: 'web', volume };
};

test('a part of a volume stays what it was when it was looked for, and no link leads out of the volume', () => {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-part-'));
  try {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/file'), 'right');
    symlinkSync('/etc', join(root, 'out'));
    const sources = new VolumeSources(() => root);
    sources.add(mount(''));
    assert.equal(sources.of(mount('')), root);
    sources.add(mount('./a/b'));
    const part = sources.of(mount('./a/b'));
    renameSync(join(root, 'a'), join(root, 'moved'));
    symlinkSync('/etc', join(root, 'a'));
    assert.deepEqual(readdirSync(part), ['file']);
    assert.equal(readFileSync(join(part, 'file'), 'utf8'), 'right');
    for (const [subpath, reason] of [
      ['absent', 'no such file or directory'],
      ['moved/b/file/below', 'not a directory'],
      ['out', 'too many symbolic links encountered'],
      ['out/ssl', 'not a directory'],
    ] as const) {
      const message = `cannot access path ${join(root, subpath)}: ${reason}`;
      assert.throws(() => sources.add(mount(subpath)), { code: 'not-found', message });
    }
    sources[Symbol.dispose]();
    assert.throws(() => readdirSync(part), { code: 'ENOENT' });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a bind is found where it was asked for', () => {
  using sources = new VolumeSources(() => '/never');
  const bind: ContainerMount = { type: 'bind', source: '/srv', target: '/a', readOnly: false, mode: '' };
  sources.add(bind);
  assert.equal(sources.of(bind), '/srv');
});
