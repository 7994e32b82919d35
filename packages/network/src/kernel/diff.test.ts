import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import { dnsTables, hostElement } from '@fairlead/firewall';
import type { AddressObject, Change, KernelObject, LinkObject } from '@fairlead/netlink';
import { diff, removals } from './diff.ts';

const bridge: LinkObject = { kind: 'link', namespace: '', name: 'br0', type: { kind: 'bridge' }, up: true, mtu: 1500 };
const outer: LinkObject = {
  kind: 'link',
  namespace: '',
  name: 'veth0',
  type: { kind: 'veth', peer: { namespace: 'web', name: 'eth0' } },
  up: true,
  master: 'br0',
};
const inner: LinkObject = { kind: 'link', namespace: 'web', name: 'eth0', type: { kind: 'veth' }, up: true };
const namespace: KernelObject = { kind: 'namespace', namespace: 'web' };
const address: AddressObject = {
  kind: 'address',
  namespace: 'web',
  link: 'eth0',
  address: parseInterfaceAddress('10.0.0.2/24'),
};
const setting: KernelObject = { kind: 'sysctl', namespace: 'web', key: 'net.ipv6.conf.eth0.disable_ipv6', value: '1' };
const route: KernelObject = {
  kind: 'route',
  namespace: 'web',
  destination: parsePrefix('0.0.0.0/0'),
  via: parseIpAddress('10.0.0.1'),
  link: 'eth0',
};
const table = (port: number): KernelObject => {
  const [definition] = dnsTables({ udpPort: port, tcpPort: port }, { ingress: false });
  assert.equal(definition?.name, 'fairlead');
  return { kind: 'table', namespace: '', definition };
};
const element = hostElement('publish4', ['tcp', '80'], ['10.0.0.2', '80']);
const range = (ports: string) => hostElement('publish_range4', ['tcp', ports], ['10.0.0.2']);
const forwarding: KernelObject = { kind: 'sysctl', namespace: '', key: 'net.ipv4.ip_forward', value: '1' };

const vlan: LinkObject = {
  kind: 'link',
  namespace: '',
  name: 'br0.5',
  type: { kind: 'vlan', parent: 'br0', id: 5 },
  up: true,
};
const child: LinkObject = {
  kind: 'link',
  namespace: 'web',
  name: 'eth0',
  type: { kind: 'macvlan', parent: 'br0.5', mode: 'bridge' },
  up: true,
  madeIn: '',
};

function names(changes: readonly Change[]): string[] {
  return changes.map(({ action, object }) => {
    const of = object.kind === 'link' ? ` ${object.name}` : object.kind === 'element' ? ` ${object.key.join(' ')}` : '';
    return `${action} ${object.kind}${of}`;
  });
}

const cases: readonly [string, readonly KernelObject[], readonly KernelObject[], readonly string[]][] = [
  ['nothing is needed where all is as wanted', [bridge, outer, element], [element, outer, bridge], []],
  [
    'everything is made in the order in which it can be made',
    [element, route, inner, address, setting, outer, bridge, table(1), namespace],
    [],
    [
      'add namespace',
      'add table',
      'add link br0',
      'add link veth0',
      'add sysctl',
      'add address',
      'add link eth0',
      'add route',
      'add element tcp 80',
    ],
  ],
  ['what is not asked for may be anything', [bridge], [{ ...bridge, alias: 'mine' }], []],
  ['another property is changed', [bridge], [{ ...bridge, mtu: 9000 }], ['change link br0']],
  [
    'a cable that is widened can have its settings then',
    [{ ...inner, mtu: 1400 }, setting],
    [inner],
    ['change link eth0', 'add sysctl'],
  ],
  [
    'a link on a parent that is widened can have its settings then',
    [{ ...child, mtu: 1400 }, setting],
    [child],
    ['change link eth0', 'add sysctl'],
  ],
  ['a peer is a link of its own', [outer], [{ ...outer, type: { kind: 'veth' } }], []],
  [
    'a link of another kind is replaced',
    [bridge],
    [{ ...bridge, type: { kind: 'dummy' } }],
    ['remove link br0', 'add link br0'],
  ],
  ['a VLAN comes after the link below it', [vlan, bridge], [], ['add link br0', 'add link br0.5']],
  [
    'a VLAN of another number is another link',
    [vlan],
    [{ ...vlan, type: { kind: 'vlan', parent: 'br0', id: 6 } }],
    ['remove link br0.5', 'add link br0.5'],
  ],
  [
    'a link on a parent elsewhere comes up when its addresses are there',
    [route, address, setting, child, namespace],
    [],
    ['add namespace', 'add link eth0', 'add sysctl', 'add address', 'change link eth0', 'add route'],
  ],
  ['one that is down is only brought up', [child], [{ ...child, up: false }], ['change link eth0']],
  [
    'a link on another parent takes its addresses and routes with it',
    [child, address, route],
    [{ ...child, type: { kind: 'macvlan', parent: 'eth7', mode: 'bridge' } }, address, route],
    ['remove link eth0', 'add link eth0', 'add address', 'change link eth0', 'add route'],
  ],
  [
    'an element makes room before another one comes, and gets another value in place',
    [range('8000-8020'), hostElement('publish4', ['tcp', '80'], ['10.0.0.3', '80'])],
    [range('8000-8010'), element],
    ['remove element tcp 8000-8010', 'add element tcp 8000-8020', 'change element tcp 80'],
  ],
  [
    'what is missing comes before what is too much goes',
    [bridge],
    [{ ...bridge, name: 'br1' }],
    ['add link br0', 'remove link br1'],
  ],
  [
    'elements are put back into a table that is made anew, and surplus ones do not survive in it',
    [table(2), element],
    [table(1), element, range('1-2')],
    ['change table', 'remove element tcp 1-2', 'add element tcp 80'],
  ],
];

for (const [name, desired, observed, expected] of cases) {
  test(`diff: ${name}`, () => {
    assert.deepEqual(names(diff(desired, observed)), expected);
  });
}

const goings: readonly [string, readonly KernelObject[], readonly string[]][] = [
  [
    'a sandbox goes with its namespace; only what is in the host’s is removed',
    [namespace, outer, inner, address, setting, route, element],
    ['remove element tcp 80', 'remove namespace'],
  ],
  [
    'an endpoint goes with its outer end',
    [outer, inner, { ...address, namespace: '', link: 'veth0' }],
    ['remove link veth0'],
  ],
  [
    'a link leaves its parent before its namespace goes',
    [namespace, child, address, setting, route],
    ['remove link eth0', 'remove namespace'],
  ],
  ['a setting of the host stays', [forwarding, bridge], ['remove link br0']],
  ['an address whose link stays is removed alone', [address], ['remove address']],
];

for (const [name, objects, expected] of goings) {
  test(`removals: ${name}`, () => {
    assert.deepEqual(names(removals(objects)), expected);
  });
}

test('a link on a parent elsewhere is made down', () => {
  const down = { ...child, up: false };
  assert.deepEqual(diff([child], []), [
    { action: 'add', object: down },
    { action: 'change', object: child, previous: down },
  ]);
});
