import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { partOfImage } from './image-part.ts';

let root: string;

before(() => {
  root = join(realpathSync(mkdtempSync(join(tmpdir(), 'fairlead-part-'))), 'image');
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/file'), '');
  symlinkSync('../a/b', join(root, 'a/near'));
  symlinkSync('near/..', join(root, 'a/back'));
  symlinkSync('..', join(root, 'a/up'));
  symlinkSync('../..', join(root, 'a/out'));
  symlinkSync('/etc', join(root, 'absolute'));
  symlinkSync('round', join(root, 'round'));
});

after(() => rmSync(join(root, '..'), { recursive: true }));

test('links are followed within the image', () => {
  for (const [subpath, found] of [
    ['', ''],
    ['a/b', 'a/b'],
    ['./a//file', 'a/file'],
    ['a/near', 'a/b'],
    ['a/back/file', 'a/file'],
    ['a/up', ''],
    ['a/up/a/near', 'a/b'],
  ] as const) {
    assert.equal(partOfImage(root, subpath), join(root, found), subpath);
  }
});

test('what leads out is refused, before anybody looks outside', () => {
  for (const subpath of ['a/out', 'a/out/image', 'absolute', 'absolute/absent', 'a/up/absolute']) {
    const message = `path concatenation escapes the base directory, base: ${root}, subpath: ${subpath}`;
    assert.throws(() => partOfImage(root, subpath), { code: 'invalid-argument', message });
  }
});

test('what is not there is named', () => {
  for (const [subpath, at, reason] of [
    ['a/absent/x', 'a/absent', 'no such file or directory'],
    ['a/file/x', 'a/file/x', 'not a directory'],
  ] as const) {
    const message = `cannot access path ${root}/${subpath}: lstat ${root}/${at}: ${reason}`;
    assert.throws(() => partOfImage(root, subpath), { code: 'not-found', message });
  }
  assert.throws(() => partOfImage(root, 'round'), /cannot access path .*: EvalSymlinks: too many links/);
});
