import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseInterfaceAddress as cidr,
  parseIpAddress as ip,
  parseMacAddress as mac,
  parsePrefix as prefix,
} from '@fairlead/base';
import { decodeMessages, type Message } from '../message.ts';
import type {
  AddressObject,
  FdbObject,
  KernelObject,
  NeighborObject,
  RouteObject,
  RuleObject,
} from '../object/kernel-object.ts';
import { satisfies } from '../object/satisfies.ts';
import { addAddressMessage, decodeAddress, dumpAddressesMessage, removeAddressMessage } from './address.ts';
import {
  addFdbMessage,
  addNeighborMessage,
  decodeFdb,
  decodeNeighbor,
  dumpFdbMessage,
  dumpNeighborsMessage,
  removeFdbMessage,
  removeNeighborMessage,
} from './neighbor.ts';
import { addRouteMessage, decodeRoute, dumpRoutesMessage, removeRouteMessage, replaceRouteMessage } from './route.ts';
import { addRuleMessage, decodeRule, dumpRulesMessage, removeRuleMessage } from './rule.ts';

const lookup = { linkIndex: () => 7, newLinkIndex: () => 8, namespaceDescriptor: () => 0 };
const names = { linkName: (index: number) => (index === 7 ? 'eth0' : undefined) };
const address = (text: string): AddressObject => ({
  kind: 'address',
  namespace: 'box',
  link: 'eth0',
  address: cidr(text),
});
const route = (to: string, rest: Partial<RouteObject>): RouteObject => ({
  kind: 'route',
  namespace: 'box',
  destination: prefix(to),
  ...rest,
});
const gateway = { via: ip('10.0.0.1'), link: 'eth0' };
const rule: RuleObject = {
  kind: 'rule',
  namespace: 'box',
  family: 4,
  priority: 100,
  table: 1000,
  from: prefix('10.0.0.0/8'),
};
const rule6: RuleObject = {
  kind: 'rule',
  namespace: 'box',
  family: 6,
  priority: 5,
  table: 7,
  to: prefix('fd00::/8'),
  incoming: 'a',
  outgoing: 'b',
  mark: { value: 16, mask: 255 },
};
const neighbor: NeighborObject = {
  kind: 'neighbor',
  namespace: 'box',
  link: 'eth0',
  address: ip('10.0.0.9'),
  mac: mac('02:42:00:00:00:09'),
};
const fdb = (text: string, rest: Partial<FdbObject>): FdbObject => ({
  kind: 'fdb',
  namespace: 'box',
  link: 'eth0',
  mac: mac(text),
  on: 'self',
  ...rest,
});

const table: [name: string, message: Uint8Array, hex: string][] = [
  [
    'add an IPv4 address, with its broadcast',
    addAddressMessage(address('10.0.0.2/24'), lookup),
    `
    300000001400050600000000000000000218000007000000080002000a000002080001000a000002080004000a0000ff`,
  ],
  [
    'add a single IPv4 address, without one',
    addAddressMessage(address('10.0.0.2/32'), lookup),
    '280000001400050600000000000000000220000007000000080002000a000002080001000a000002',
  ],
  [
    'add a loopback address, of host scope',
    addAddressMessage(address('127.0.0.5/32'), lookup),
    '28000000140005060000000000000000022000fe07000000080002007f000005080001007f000005',
  ],
  [
    'add an IPv6 address, usable at once',
    addAddressMessage(address('fd00::2/64'), lookup),
    `
    400000001400050600000000000000000a4002000700000014000200fd00000000000000000000000000000214000100fd00000000000000
    0000000000000002`,
  ],
  [
    'remove an address',
    removeAddressMessage(address('fd00::2/64'), lookup),
    `
    400000001500050000000000000000000a4000000700000014000200fd00000000000000000000000000000214000100fd00000000000000
    0000000000000002`,
  ],
  ['list addresses', dumpAddressesMessage(), '180000001600010300000000000000000000000000000000'],
  [
    'add a default route',
    addRouteMessage(route('0.0.0.0/0', gateway), lookup),
    `
    2c00000018000506000000000000000002000000fe04000100000000080005000a0000010800040007000000`,
  ],
  [
    'add an IPv6 default route',
    addRouteMessage(route('::/0', { via: ip('fd00::1'), link: 'eth0' }), lookup),
    `
    380000001800050600000000000000000a000000fe0400010000000014000500fd0000000000000000000000000000010800040007000000`,
  ],
  [
    'add an on-link route',
    addRouteMessage(route('10.1.0.0/16', { link: 'eth0', scope: 'link', source: ip('10.0.0.2') }), lookup),
    `
    3400000018000506000000000000000002100000fe04fd0100000000080001000a0100000800040007000000080007000a000002`,
  ],
  [
    'add a route with a metric in a large table',
    addRouteMessage(route('10.1.0.0/16', { ...gateway, metric: 9, table: 1000 }), lookup),
    `
    4400000018000506000000000000000002100000fc04000100000000080001000a010000080005000a000001080004000700000008000600
    0900000008000f00e8030000`,
  ],
  [
    'add a route in a small table',
    addRouteMessage(route('10.1.0.0/16', { ...gateway, table: 7 }), lookup),
    `
    34000000180005060000000000000000021000000704000100000000080001000a010000080005000a0000010800040007000000`,
  ],
  [
    'add a blackhole',
    addRouteMessage(route('10.1.0.0/16', { type: 'blackhole' }), lookup),
    '2400000018000506000000000000000002100000fe04000600000000080001000a010000',
  ],
  [
    'add an IPv4 route over IPv6',
    addRouteMessage(route('10.1.0.0/16', { via: ip('fd00::1'), link: 'eth0' }), lookup),
    `
    4400000018000506000000000000000002100000fe04000100000000080001000a010000160012000a00fd00000000000000000000000000
    000100000800040007000000`,
  ],
  [
    'replace a route',
    replaceRouteMessage(route('10.1.0.0/16', gateway), lookup),
    `
    3400000018000505000000000000000002100000fe04000100000000080001000a010000080005000a0000010800040007000000`,
  ],
  [
    'remove a route',
    removeRouteMessage(route('10.1.0.0/16', gateway), lookup),
    `
    3400000019000500000000000000000002100000fe00ff0000000000080001000a010000080005000a0000010800040007000000`,
  ],
  ['list IPv6 routes', dumpRoutesMessage(6), '1c0000001a00010300000000000000000a0000000000000000000000'],
  [
    'add a rule',
    addRuleMessage(rule),
    `
    3c000000200005060000000000000000020008000000000100000000080002000a000000080006006400000008000f00e803000005001500
    04000000`,
  ],
  [
    'add a rule with everything',
    addRuleMessage(rule6),
    `
    680000002000050600000000000000000a080000070000010000000014000100fd0000000000000000000000000000000600030061000000
    0600110062000000080006000500000008000a001000000008001000ff00000008000f00070000000500150004000000`,
  ],
  [
    'remove a rule',
    removeRuleMessage(rule),
    `
    3c000000210005000000000000000000020008000000000100000000080002000a000000080006006400000008000f00e803000005001500
    04000000`,
  ],
  ['list rules', dumpRulesMessage(4), '1c000000220001030000000000000000020000000000000000000000'],
  [
    'add a neighbour',
    addNeighborMessage(neighbor, lookup),
    `
    300000001c0005050000000000000000020000000700000080000000080001000a0000090a0002000242000000090000`,
  ],
  [
    'remove a neighbour',
    removeNeighborMessage(neighbor, lookup),
    '240000001d0005000000000000000000020000000700000080000000080001000a000009',
  ],
  ['list neighbours', dumpNeighborsMessage(), '1c0000001e0001030000000000000000000000000000000000000000'],
  [
    'add a VXLAN destination',
    addFdbMessage(fdb('02:42:00:00:00:63', { destination: ip('192.0.2.9') }), lookup),
    `
    300000001c00050600000000000000000700000007000000800002000a000200024200000063000008000100c0000209`,
  ],
  [
    'append a destination for all',
    addFdbMessage(fdb('00:00:00:00:00:00', { destination: ip('fd00::9') }), lookup),
    `
    3c0000001c00050c00000000000000000700000007000000800002000a000200000000000000000014000100fd0000000000000000000000
    00000009`,
  ],
  [
    'add an entry of the bridge',
    addFdbMessage(fdb('02:42:00:00:00:63', { on: 'master', vlan: 5 }), lookup),
    `
    300000001c00050600000000000000000700000007000000420004000a00020002420000006300000600050005000000`,
  ],
  [
    'remove a forwarding entry',
    removeFdbMessage(fdb('02:42:00:00:00:63', { on: 'master' }), lookup),
    '280000001d00050000000000000000000700000007000000420004000a0002000242000000630000',
  ],
  ['list forwarding entries', dumpFdbMessage(), '1c0000001e0001030000000000000000070000000000000000000000'],
];

for (const [name, message, hex] of table) {
  test(`message: ${name}`, () => assert.equal(message.toHex(), hex.replaceAll(/\s/g, '')));
}

/** The kernel describes what it has in the layout in which it takes it, so a request reads as an answer. */
function reread(object: KernelObject): KernelObject | undefined {
  switch (object.kind) {
    case 'address':
      return decodeAddress(only(addAddressMessage(object, lookup)), 'box', names);
    case 'route':
      return decodeRoute(only(addRouteMessage(object, lookup)), 'box', names);
    case 'rule':
      return decodeRule(only(addRuleMessage(object)), 'box');
    case 'neighbor':
      return decodeNeighbor(only(addNeighborMessage(object, lookup)), 'box', names);
    case 'fdb':
      return decodeFdb(only(addFdbMessage(object, lookup)), 'box', names);
    default:
      return assert.fail(object.kind);
  }
}

function only(bytes: Uint8Array): Message {
  return decodeMessages(bytes)[0] ?? assert.fail('no message');
}

const objects: KernelObject[] = [
  address('10.0.0.2/24'),
  address('fd00::2/64'),
  route('0.0.0.0/0', gateway),
  route('::/0', { via: ip('fd00::1'), link: 'eth0' }),
  route('10.1.0.0/16', { link: 'eth0', scope: 'link', source: ip('10.0.0.2') }),
  route('10.1.0.0/16', { ...gateway, metric: 9, table: 1000 }),
  route('10.1.0.0/16', { ...gateway, table: 7, protocol: 186 }),
  route('10.1.0.0/16', { ...gateway, mtu: 1400 }),
  route('10.1.0.0/16', { type: 'prohibit' }),
  route('10.1.0.0/16', { via: ip('fd00::1'), link: 'eth0' }),
  route('fd01::/64', { link: 'eth0', scope: 'link', metric: 5 }),
  rule,
  rule6,
  neighbor,
  { ...neighbor, address: ip('fd00::9') },
  fdb('02:42:00:00:00:63', { destination: ip('192.0.2.9') }),
  fdb('02:42:00:00:00:63', { on: 'master', vlan: 5 }),
  fdb('02:42:00:00:00:63', { on: 'master', sticky: true }),
];

for (const object of objects) {
  test(`comes back from its message: ${JSON.stringify(object)}`, () => {
    const found = reread(object);
    assert.ok(found !== undefined && satisfies(found, object), JSON.stringify(found));
  });
}

test('what is on a link that is gone by now is left out', () => {
  const nobody = { linkName: () => undefined };
  assert.equal(decodeAddress(only(addAddressMessage(address('10.0.0.2/24'), lookup)), 'box', nobody), undefined);
  assert.equal(decodeRoute(only(addRouteMessage(route('0.0.0.0/0', gateway), lookup)), 'box', nobody), undefined);
  assert.equal(decodeNeighbor(only(addNeighborMessage(neighbor, lookup)), 'box', nobody), undefined);
});

test('an IPv6 route with the metric that the kernel gives has none of its own', () => {
  const found = reread(route('fd01::/64', { link: 'eth0', metric: 1024 }));
  assert.ok(found?.kind === 'route' && found.metric === undefined);
});

test('a multicast address that a link listens to is no forwarding entry', () => {
  assert.equal(reread(fdb('33:33:00:00:00:01', {})), undefined);
});
