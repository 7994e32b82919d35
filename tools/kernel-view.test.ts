import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '../packages/base/src/index.ts';
import type { KernelObject } from '../packages/netlink/src/index.ts';
import { kernelView } from './kernel-view.ts';

const address = (namespace: string, link: string, text: string): KernelObject => ({
  kind: 'address',
  namespace,
  link,
  address: parseInterfaceAddress(text),
});

const element = (set: string, key: readonly string[], value?: readonly string[]): KernelObject => ({
  kind: 'element',
  namespace: '',
  table: 'fairlead',
  set,
  key,
  ...(value && { value }),
});

const objects: readonly KernelObject[] = [
  { kind: 'link', namespace: '', name: 'eth0', type: { kind: 'veth' }, up: true, mtu: 1500 },
  { kind: 'link', namespace: '', name: 'br-app', type: { kind: 'bridge' }, up: true, mtu: 1400 },
  {
    kind: 'link',
    namespace: '',
    name: 'veth-web',
    type: { kind: 'veth' },
    up: false,
    master: 'br-app',
    port: { hairpin: true, isolated: false },
  },
  { kind: 'link', namespace: 'fl-web', name: 'lo', type: { kind: 'other', name: 'lo' }, up: true },
  {
    kind: 'link',
    namespace: 'fl-web',
    name: 'eth0',
    type: { kind: 'macvlan', parent: 'eth1', mode: 'bridge' },
    madeIn: '',
    up: true,
  },
  address('', 'br-app', '10.9.0.1/24'),
  address('', 'br-app', 'fe80::1/64'),
  address('', 'eth0', '192.0.2.2/24'),
  address('fl-web', 'lo', '127.0.0.1/8'),
  ...['fd00:9::/64', 'ff00::/8', '::/0'].map(
    (prefix): KernelObject => ({
      kind: 'route',
      namespace: 'fl-web',
      destination: parsePrefix(prefix),
      link: 'eth0',
      protocol: 2,
    }),
  ),
  {
    kind: 'route',
    namespace: 'fl-web',
    destination: parsePrefix('0.0.0.0/0'),
    via: parseIpAddress('10.9.0.1'),
    link: 'eth0',
  },
  element('publish4', ['tcp', '8080'], ['10.9.0.2', '80']),
  element('bridges', ['br-other']),
  element('bridges', ['br-app']),
];

test('a bridge of the host is shown with its ports and addresses, and without those that its card has by itself', () => {
  assert.equal(
    kernelView(objects, ['host', 'br-app']),
    `link br-app type bridge up mtu 1400
link veth-web type veth down master br-app hairpin on isolated off
address 10.9.0.1/24 dev br-app
`,
  );
});

test('a container is shown without loopback, its routes by family', () => {
  assert.equal(
    kernelView(objects, ['container', 'web']),
    `link eth0 type macvlan on eth1 of the host mode bridge up
route default via 10.9.0.1 dev eth0
route default dev eth0 proto kernel
route fd00:9::/64 dev eth0 proto kernel
`,
  );
  assert.match(kernelView(objects, ['container', 'web', 'lo']), /^link lo .*\naddress 127\.0\.0\.1\/8 dev lo\n$/);
});

test('elements are those with one of the words in a field, in the order of the table', () => {
  assert.equal(
    kernelView(objects, ['elements', '10.9.0.2', 'br-app']),
    `element inet fairlead bridges { "br-app" }
element inet fairlead publish4 { tcp . 8080 : 10.9.0.2 . 80 }
`,
  );
});

test('limits are told of each link, and of one that has none', () => {
  const limited: KernelObject = { kind: 'qdisc', namespace: '', link: 'veth-web', rate: 1_250_000 };
  assert.equal(
    kernelView([...objects, limited], ['limits', 'host', 'veth-web', 'veth-db']),
    'limit of veth-web tbf rate 10mbit\nlimit of veth-db none\n',
  );
});

test('a table of the host is shown by its name', () => {
  const definition = { family: 'bridge', name: 'shared', sets: [], chains: [] } as const;
  const shared: KernelObject = { kind: 'table', namespace: '', definition };
  assert.match(kernelView([...objects, shared], ['table', 'shared']), /^table bridge shared \{/);
});

test('a block that would be empty is a mistake of the page', () => {
  assert.throws(() => kernelView(objects, ['host', 'br-ap']), /nothing to show of: host br-ap$/);
  assert.throws(() => kernelView(objects, ['hots', 'br-app']), /nothing to show/);
});
