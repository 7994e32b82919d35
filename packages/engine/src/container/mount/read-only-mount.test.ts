import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindMountOptions, ContainerMount } from '../../volume/volume-model.ts';
import { isRecursivelyReadOnly, wantsRecursiveReadOnly } from './read-only-mount.ts';

const fault = 'rro is not supported by runtime "old"';

function bind(options: Partial<BindMountOptions> = {}, readOnly = true): ContainerMount {
  const none = {
    nonRecursive: false,
    createMountpoint: false,
    readOnlyNonRecursive: false,
    readOnlyForceRecursive: false,
  };
  return { type: 'bind', source: '/a', target: '/b', mode: '', readOnly, bind: { ...none, ...options } };
}

test('what is mounted below a read-only mount is read-only where that can be had', () => {
  const { bind: _, ...plain } = bind();
  const rows: readonly [ContainerMount, wanted: boolean][] = [
    [plain, true],
    [{ ...plain, type: 'volume' }, true],
    [bind({ readOnlyForceRecursive: true }), true],
    [bind({ readOnlyNonRecursive: true }), false],
    [bind({}, false), false],
    [{ ...plain, type: 'tmpfs' }, false],
  ];
  for (const [mount, wanted] of rows) {
    assert.equal(wantsRecursiveReadOnly(mount, {}), wanted);
    assert.equal(isRecursivelyReadOnly(mount, {}, undefined), wanted);
    assert.equal(isRecursivelyReadOnly(mount, { readOnlyNonRecursive: true }, undefined), false);
  }
  assert.equal(isRecursivelyReadOnly(plain, {}, fault), false);
});

test('who insists on it is refused where it cannot be had', () => {
  assert.throws(() => isRecursivelyReadOnly(bind({ readOnlyForceRecursive: true }), {}, fault), { message: fault });
});
