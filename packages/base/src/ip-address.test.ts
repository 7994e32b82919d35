import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  familyOf,
  hostText,
  ipFromBytes,
  ipFromInteger,
  ipPlus,
  ipToBytes,
  ipToInteger,
  isLoopback,
  isUnspecified,
  parseIpAddress,
  tryParseIpAddress,
} from './ip-address.ts';

/** RFC 5952, section 4, and the forms of RFC 4291, section 2.2. */
const canonical: [text: string, wanted: string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::1', '2001:db8::1'],
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];

test('addresses are read into one canonical text', () => {
  for (const [text, wanted] of canonical) assert.equal(parseIpAddress(text), wanted, text);
});

test('what is no address is refused', () => {
  const wrong = [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '::1.2.3',
    '1:2:3:4:5:6:7::8',
  ];
  for (const text of wrong) assert.equal(tryParseIpAddress(text), undefined, text);
  assert.throws(() => parseIpAddress('x'), { code: 'invalid-argument', message: 'invalid IP address: x' });
});

const addressBytes = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);

test('every address comes back from its bytes, its integer and its text', () => {
  fc.assert(
    fc.property(addressBytes, (bytes) => {
      const address = ipFromBytes(bytes);
      assert.deepEqual(ipToBytes(address), Uint8Array.from(bytes));
      assert.equal(ipFromInteger(ipToInteger(address), familyOf(address)), address);
      // An IPv4-mapped address is read as the IPv4 address that it stands for.
      if (!address.startsWith('::ffff:')) assert.equal(parseIpAddress(address), address);
    }),
  );
});

test('other numbers of bytes are no address', () => {
  assert.throws(() => ipFromBytes(new Uint8Array(5)), RangeError);
});

test('arithmetic crosses byte borders', () => {
  assert.equal(ipPlus(parseIpAddress('10.0.0.255'), 1), '10.0.1.0');
  assert.equal(ipPlus(parseIpAddress('fd00::ffff'), 1), 'fd00::1:0');
});

test('loopback and unspecified addresses are told apart from others', () => {
  assert.ok(isLoopback(parseIpAddress('127.8.0.1')) && isLoopback(parseIpAddress('::1')));
  assert.ok(!isLoopback(parseIpAddress('128.0.0.1')));
  assert.ok(isUnspecified(parseIpAddress('::')) && !isUnspecified(parseIpAddress('::1')));
});

test('IPv6 is bracketed before a port', () => {
  assert.equal(hostText(parseIpAddress('::1')), '[::1]');
  assert.equal(hostText(parseIpAddress('10.0.0.1')), '10.0.0.1');
});
