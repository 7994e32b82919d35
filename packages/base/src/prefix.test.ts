import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from './ip-address.ts';
import {
  addressOf,
  interfaceAddress,
  isCidr,
  lastAddress,
  networkOf,
  parseInterfaceAddress,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixesOverlap,
  prefixLength,
} from './prefix.ts';

test('a prefix has no host bits, an interface address keeps them', () => {
  assert.equal(parsePrefix('172.17.5.9/16'), '172.17.0.0/16');
  assert.equal(parsePrefix('fd00:0::9/64'), 'fd00::/64');
  assert.equal(parsePrefix('10.1.2.3/0'), '0.0.0.0/0');
  assert.equal(parseInterfaceAddress('172.17.0.2/16'), '172.17.0.2/16');
  assert.equal(networkOf(parseInterfaceAddress('172.17.0.2/16')), '172.17.0.0/16');
});

test('what is no CIDR is refused', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
  ]) {
    assert.ok(!isCidr(text), text);
    assert.throws(() => parsePrefix(text), { code: 'invalid-argument' });
  }
});

const containment: [prefix: string, address: string, inside: boolean][] = [
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '::', false],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['fd00::/64', 'fd00::ffff:ffff:ffff:ffff', true],
  ['fd00::/64', 'fd00:0:0:1::', false],
];

test('an address lies in a prefix or outside of it', () => {
  for (const [prefix, address, inside] of containment) {
    assert.equal(prefixContains(parsePrefix(prefix), parseIpAddress(address)), inside, `${address} in ${prefix}`);
  }
});

test('prefixes overlap exactly when one covers the other', () => {
  const [wide, narrow, other] = [parsePrefix('10.0.0.0/8'), parsePrefix('10.9.0.0/16'), parsePrefix('11.0.0.0/8')];
  assert.ok(prefixCovers(wide, narrow) && !prefixCovers(narrow, wide));
  assert.ok(prefixesOverlap(narrow, wide) && !prefixesOverlap(wide, other));
  assert.ok(!prefixesOverlap(wide, parsePrefix('::/0')));
});

test('parts of a prefix can be read', () => {
  const prefix = parsePrefix('192.168.0.0/20');
  assert.equal(addressOf(prefix), '192.168.0.0');
  assert.equal(prefixLength(prefix), 20);
  assert.equal(lastAddress(prefix), '192.168.15.255');
  assert.equal(interfaceAddress(parseIpAddress('192.168.0.1'), prefix), '192.168.0.1/20');
});
