import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interfaceIdentifier, linkLocalAddress } from './interface-identifier.ts';
import { parseMacAddress } from './mac-address.ts';

const addresses = [
  ['34:56:78:9a:bc:de', 'fe80::3656:78ff:fe9a:bcde'],
  ['02:00:00:00:00:01', 'fe80::ff:fe00:1'],
] as const;

for (const [mac, address] of addresses) {
  test(`the link-local address of ${mac} is ${address}`, () => {
    assert.equal(linkLocalAddress(parseMacAddress(mac)), address);
  });
}

test('the identifier is the one of the example of RFC 2464, section 4', () => {
  assert.equal(interfaceIdentifier(parseMacAddress('34:56:78:9a:bc:de')).toHex(), '365678fffe9abcde');
});
