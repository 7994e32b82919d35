import assert from 'node:assert/strict';
import { test } from 'node:test';
import { internetChecksum } from './internet-checksum.ts';

const bytes = (hex: string) => Uint8Array.fromHex(hex);

test('the sum of the example of RFC 1071, section 3, is complemented', () => {
  assert.equal(internetChecksum([bytes('0001f203f4f5f6f7')]), ~0xddf2 & 0xffff);
});

test('a header that holds its own sum has none left', () => {
  assert.equal(internetChecksum([bytes('45000073000040004011b861c0a80001c0a800c7')]), 0);
});

test('pieces are summed as one, and an odd last byte as if a zero followed', () => {
  assert.equal(internetChecksum([bytes('0001'), bytes('f203f4')]), internetChecksum([bytes('0001f203f400')]));
});

test('carries are added again until none is left', () => {
  assert.equal(internetChecksum([bytes('ffffffff0001')]), 0xfffe);
});
