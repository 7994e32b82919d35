import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeKernel } from '@fairlead/kernel/testing';
import { type Change, NetlinkError } from '@fairlead/netlink';
import { applyThoroughly } from './thorough-apply.ts';

const spaces: readonly Change[] = ['one', 'two'].map((namespace) => ({
  action: 'add',
  object: { kind: 'namespace', namespace },
}));

/** Refuses what has to do with a namespace, so many times. */
function refusing(namespace: string, errno: 'EADDRINUSE' | 'EPERM', times: number): FakeKernel {
  const kernel = new FakeKernel();
  let left = times;
  kernel.beforeChange = ({ object }) => {
    if (object.namespace === namespace && left-- > 0) throw new NetlinkError('change link', errno);
  };
  return kernel;
}

test('a hardware address that is still taken is waited for', async () => {
  const kernel = refusing('one', 'EADDRINUSE', 3);
  await applyThoroughly(kernel, spaces);
  assert.deepEqual(kernel.namespaces(), ['one', 'two']);
});

test('what is refused for good keeps nothing else from its place', async () => {
  const kernel = refusing('one', 'EPERM', Number.POSITIVE_INFINITY);
  await assert.rejects(applyThoroughly(kernel, spaces), /EPERM/);
  assert.deepEqual(kernel.namespaces(), ['two']);
});
