import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseMacAddress } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { defaultRoutes } from './default-routes.ts';
import { type ParentEndpoint, parentEndpointObjects } from './parent-endpoint.ts';
import { parentNetworkObjects } from './parent-network.ts';

const owner = 'a'.repeat(64);
const mac = parseMacAddress('02:42:00:00:00:03');
const endpoint: ParentEndpoint = {
  id: 'b'.repeat(64),
  namespace: 'fl-web',
  interface: 'eth0.7',
  parent: 'eth0',
  type: { kind: 'macvlan', mode: 'bridge' },
  mac,
  addresses: [parseInterfaceAddress('192.0.2.9/24')],
  internal: false,
};

const settings = (objects: readonly KernelObject[]) =>
  objects.flatMap((object) => (object.kind === 'sysctl' ? [`${object.key}=${object.value}`] : []));

test('a VLAN hangs on the interface below it, and has its hardware address', () => {
  const link = { kind: 'vlan', parent: 'eth0', id: 50 } as const;
  assert.deepEqual(parentNetworkObjects({ name: 'eth0.50', owner, link }), [
    {
      kind: 'link',
      namespace: '',
      name: 'eth0.50',
      type: { kind: 'vlan', parent: 'eth0', id: 50 },
      up: true,
      alias: 'fairlead network aaaaaaaaaaaa',
    },
  ]);
});

test('a dummy has its hardware address given', () => {
  const [link] = parentNetworkObjects({ name: 'dm-1', owner, link: { kind: 'dummy', mac } });
  assert.ok(link?.kind === 'link' && link.mac === mac && link.type.kind === 'dummy' && link.up);
});

test('a link of macvlan goes from the host straight into the sandbox, its MTU the parent’s', () => {
  assert.deepEqual(parentEndpointObjects(endpoint), [
    {
      kind: 'link',
      namespace: 'fl-web',
      name: 'eth0.7',
      type: { kind: 'macvlan', mode: 'bridge', parent: 'eth0' },
      madeIn: '',
      up: true,
      mac,
      alias: 'fairlead endpoint bbbbbbbbbbbb',
    },
    { kind: 'sysctl', namespace: 'fl-web', key: 'net.ipv6.conf.eth0/7.disable_ipv6', value: '1' },
    { kind: 'address', namespace: 'fl-web', link: 'eth0.7', address: '192.0.2.9/24' },
  ]);
});

test('a link of ipvlan has its parent’s hardware address', () => {
  const { mac: _, ...rest } = endpoint;
  const type = { kind: 'ipvlan', mode: 'l3', flag: 'private' } as const;
  const [link] = parentEndpointObjects({ ...rest, type, mtu: 1400 });
  assert.ok(link?.kind === 'link' && !('mac' in link) && link.mtu === 1400);
  assert.deepEqual(link.type, { ...type, parent: 'eth0' });
});

test('on an internal network nobody’s announcement is a way out', () => {
  const addresses = [parseInterfaceAddress('2001:db8::9/64')];
  assert.deepEqual(settings(parentEndpointObjects({ ...endpoint, addresses, internal: true })), [
    'net.ipv6.conf.eth0/7.disable_ipv6=0',
    'net.ipv6.conf.eth0/7.accept_ra=0',
  ]);
});

test('a way out without a router is a route of the link', () => {
  assert.deepEqual(defaultRoutes('fl-web', { ipv4: { link: 'eth0' }, ipv6: { link: 'eth1' } }), [
    { kind: 'route', namespace: 'fl-web', destination: '0.0.0.0/0', link: 'eth0', scope: 'link' },
    { kind: 'route', namespace: 'fl-web', destination: '::/0', link: 'eth1' },
  ]);
});
