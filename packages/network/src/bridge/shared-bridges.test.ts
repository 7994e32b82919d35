import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseInterfaceAddress } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { network } from '../testing/samples.ts';
import { sharing, withoutShared } from './shared-bridges.ts';

const bridge: KernelObject = {
  kind: 'link',
  namespace: '',
  name: 'docker0',
  type: { kind: 'bridge' },
  up: true,
  alias: 'fairlead network x',
};
const address = (text: string): KernelObject => ({
  kind: 'address',
  namespace: '',
  link: 'docker0',
  address: parseInterfaceAddress(text),
});
const [ours, theirs] = [address('172.17.0.1/16'), address('10.200.0.1/24')];
const port: KernelObject = { ...bridge, name: 'veth9', type: { kind: 'veth' }, master: 'docker0', alias: '' };
const nobody = () => false;
const dockerd = (name: string) => name === 'docker0';

describe('a bridge that another engine takes for its own', () => {
  const own = [bridge, ours, theirs];

  test('keeps what the other engine has given it, and what we want of it is still compared', () => {
    assert.deepEqual(withoutShared(own, [bridge, ours], own, dockerd), [bridge, ours]);
    assert.deepEqual(withoutShared(own, [bridge, ours], own, nobody), own);
  });

  test('stays when nobody of ours wants it, and so does one that others are plugged into', () => {
    assert.deepEqual(withoutShared(own, [], own, dockerd), []);
    assert.deepEqual(withoutShared(own, [], [...own, port], nobody), []);
    assert.deepEqual(withoutShared(own, [], own, nobody), own);
    const cable = { ...port, alias: 'fairlead web' };
    assert.deepEqual(withoutShared([...own, cable], [], [...own, cable], nobody), [...own, cable]);
  });

  test('is told of', () => {
    const [text = ''] = sharing(network(), (name) => name === 'br-app');
    assert.match(text, /use br-app as well: both give addresses of 10\.0\.0\.0\/24/);
    assert.deepEqual(sharing(network(), nobody), []);
  });
});
