import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@fairlead/base';
import { Attributes, AttributeWriter, listAttributes } from './attribute.ts';
import { decodeMessages, encodeMessage, joinMessages, setSequence } from './message.ts';

const attributes = (body: (writer: AttributeWriter) => void) => {
  const bytes = new ByteWriter();
  body(new AttributeWriter(bytes));
  return bytes.finish();
};

const table: [name: string, body: (writer: AttributeWriter) => void, hex: string][] = [
  ['one byte is padded to four', (w) => w.u8(1, 0xab), '05000100ab000000'],
  ['a short', (w) => w.u16(2, 0x1234), '0600020034120000'],
  ['a short in network order', (w) => w.u16be(2, 0x1234), '0600020012340000'],
  ['a word', (w) => w.u32(3, 1), '0800030001000000'],
  ['a word in network order', (w) => w.u32be(3, 1), '0800030000000001'],
  ['a long in network order', (w) => w.u64be(3, 1n), '0c0003000000000000000001'],
  ['a text ends with zero', (w) => w.text(3, 'eth0'), '090003006574683000000000'],
  ['a text of three characters needs no padding', (w) => w.text(3, 'abc'), '0800030061626300'],
  ['bytes are padded', (w) => w.bytes(1, Uint8Array.of(1, 2, 3, 4, 5)), '090001000102030405000000'],
  ['a flag is a header only', (w) => w.flag(7), '04000700'],
  ['nesting has its flag and its length', (w) => w.nested(18, (i) => i.u8(1, 1)), '0c0012800500010001000000'],
  ['plain nesting has no flag', (w) => w.nestedPlain(18, (i) => i.u8(1, 1)), '0c0012000500010001000000'],
];

for (const [name, body, hex] of table) {
  test(`attribute: ${name}`, () => assert.equal(attributes(body).toHex(), hex));
}

test('attributes are read back by type', () => {
  const read = new Attributes(
    attributes((w) =>
      w
        .u8(1, 5)
        .text(2, 'x')
        .u16be(3, 80)
        .nested(4, (i) => i.u32(1, 9))
        .flag(6),
    ),
  );
  assert.equal(read.u8(1), 5);
  assert.equal(read.text(2), 'x');
  assert.equal(read.u16be(3), 80);
  assert.equal(read.nested(4)?.u32(1), 9);
  assert.equal(read.u32(5), undefined);
  assert.ok(read.has(6));
  read.assertAllRead('test');
});

test('an attribute that nobody asked for is found, nested ones too', () => {
  const bytes = attributes((w) => w.nested(4, (i) => i.u32(1, 9)).u8(5, 1));
  assert.throws(() => new Attributes(bytes).assertAllRead('link'), /link: unknown attributes 4, 5/);
  const read = new Attributes(bytes);
  read.u8(5);
  read.nested(4);
  assert.throws(() => read.assertAllRead('link'), /link: unknown attributes 1/);
});

test('malformed attributes are refused', () => {
  assert.throws(() => listAttributes(Uint8Array.of(3, 0, 1, 0)), RangeError);
  assert.throws(() => listAttributes(Uint8Array.of(9, 0, 1, 0, 1)), RangeError);
});

test('messages are padded, numbered, joined and read back', () => {
  const first = encodeMessage(16, 4, (w) => w.header.u8(1));
  const second = encodeMessage(17, 0, () => {});
  assert.equal(first.toHex(), '1100000010000500000000000000000001000000');
  setSequence(second, 7);
  const [a, b, ...rest] = decodeMessages(joinMessages([first, second]));
  assert.deepEqual([a?.type, a?.flags, a?.body.toHex()], [16, 5, '01']);
  assert.deepEqual([b?.type, b?.sequence, b?.body.length], [17, 7, 0]);
  assert.equal(rest.length, 0);
});

test('malformed messages are refused', () => {
  assert.throws(() => decodeMessages(new Uint8Array(16)), RangeError);
  assert.throws(() => decodeMessages(encodeMessage(16, 0, () => {}).subarray(0, 15)), RangeError);
});
