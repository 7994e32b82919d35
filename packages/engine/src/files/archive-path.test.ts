import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absolutePath, baseName, childName, entryPath, mountAbove, splitPath } from './archive-path.ts';

test('a path is cleaned, but what stands at its end stays', () => {
  for (const [path, absolute, base, directory, name] of [
    ['/etc/hosts', '/etc/hosts', 'hosts', '/etc/', 'hosts'],
    ['etc//../etc/hosts', '/etc/hosts', 'hosts', '/etc/', 'hosts'],
    ['/etc/', '/etc/', 'etc', '/etc/', ''],
    ['/etc/.', '/etc/.', '.', '/etc/', '.'],
    ['/', '/', '/', '/', ''],
    ['/.', '/.', '.', '/', '.'],
    ['.', '/.', '.', '/', '.'],
    ['', '/.', '.', '/', '.'],
    ['../../etc', '/etc', 'etc', '/', 'etc'],
    ['/a/..', '/', '/', '/', ''],
  ] as const) {
    assert.equal(absolutePath(path), absolute, path);
    assert.equal(baseName(absolute), base, path);
    assert.deepEqual(splitPath(absolute), [directory, name], path);
  }
});

test('names in an archive begin with what was asked for', () => {
  assert.equal(childName('etc', 'hosts'), 'etc/hosts');
  assert.equal(childName('.', 'hosts'), './hosts');
  assert.equal(childName('/', 'etc'), '/etc');
  assert.equal(childName('', 'etc'), 'etc');
});

test('an entry stays below the directory that it is unpacked in', () => {
  for (const [name, path] of [
    ['a/b', 'a/b'],
    ['./a/', 'a'],
    ['/etc/passwd', 'etc/passwd'],
    ['a/../b', 'b'],
    ['.', ''],
    ['./', ''],
    ['a/..', ''],
    ['..a', '..a'],
  ] as const) {
    assert.equal(entryPath(name, '/tmp'), path, name);
  }
  for (const name of ['..', '../x', 'a/../../x', './../x']) {
    assert.throws(() => entryPath(name, '/tmp'), { code: 'invalid-argument', message: /is outside of "\/tmp"$/ }, name);
  }
});

test('a path is in the deepest mount above it', () => {
  const mounts = [{ target: '/data' }, { target: '/data/deep' }, { target: '/other' }];
  for (const [path, target] of [
    ['/data', '/data'],
    ['/data/x/y', '/data'],
    ['/data/deep/x', '/data/deep'],
    ['/database', undefined],
    ['/', undefined],
  ] as const) {
    assert.equal(mountAbove(path, mounts)?.target, target, path);
  }
});
