import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress } from '@fairlead/base';
import { conformanceTests } from './conformance.ts';
import { FakeKernel } from './fake-kernel.ts';

conformanceTests(() => new FakeKernel());

test('a dump shows the commands that would make what is there', async () => {
  const kernel = new FakeKernel();
  await kernel.apply([
    { action: 'add', object: { kind: 'link', namespace: '', name: 'fl0', type: { kind: 'bridge' }, up: true } },
    {
      action: 'add',
      object: { kind: 'address', namespace: '', link: 'fl0', address: parseInterfaceAddress('10.0.0.1/24') },
    },
    { action: 'add', object: { kind: 'sysctl', namespace: '', key: 'net.ipv4.ip_forward', value: '1' } },
  ]);
  assert.deepEqual(kernel.dump('').split('\n'), [
    'ip address add 10.0.0.1/24 broadcast 10.0.0.255 dev fl0',
    'ip link add name fl0 up mtu 1500 type bridge',
    'sysctl -q -w net.ipv4.ip_forward=1',
  ]);
});

test('a test can crash before any change', async () => {
  const kernel = new FakeKernel();
  kernel.beforeChange = ({ object }) => {
    if (object.kind === 'link') throw new Error('crash');
  };
  const namespace = { action: 'add', object: { kind: 'namespace', namespace: 'a' } } as const;
  const link = {
    action: 'add',
    object: { kind: 'link', namespace: 'a', name: 'x', type: { kind: 'bridge' }, up: true },
  } as const;
  await assert.rejects(kernel.apply([namespace, link]), /crash/);
  assert.deepEqual(kernel.namespaces(), ['a']);
  assert.equal(kernel.observe('a', ['link']).length, 1);
});
