import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeJson, largestEscape } from './json-escape.ts';

function escaped(input: Uint8Array): string {
  const output = new Uint8Array(input.length * largestEscape);
  return Buffer.from(output.subarray(0, escapeJson(input, 0, input.length, output, 0))).toString();
}

const bytes = (...values: number[]) => Uint8Array.from(values);

for (const [what, input, output] of [
  ['plain text', Buffer.from('hello, world'), 'hello, world'],
  ['quotes and backslashes', Buffer.from('"\\'), '\\"\\\\'],
  ['newline and carriage return', Buffer.from('\n\r'), '\\n\\r'],
  ['other control characters', Buffer.from('\t\0\x1b\x7f'), '\\u0009\\u0000\\u001b\x7f'],
  ['what HTML would take for its own', Buffer.from('<&>'), '\\u003c\\u0026\\u003e'],
  ['characters of two, three and four bytes', Buffer.from('é€😀'), 'é€😀'],
  ['line and paragraph separators', Buffer.from('\u2028\u2029\u202a'), '\\u2028\\u2029\u202a'],
  ['a byte that begins nothing', bytes(0x80), '\\ufffd'],
  ['a character that is cut off: one for each byte', bytes(0xe2, 0x82), '\\ufffd\\ufffd'],
  ['a character that is cut off by another', bytes(0xe2, 0x82, 0x41), '\\ufffd\\ufffdA'],
  ['a form that is too long', bytes(0xc0, 0x80), '\\ufffd\\ufffd'],
  ['a surrogate', bytes(0xed, 0xa0, 0x80), '\\ufffd\\ufffd\\ufffd'],
  ['beyond U+10FFFF', bytes(0xf4, 0x90, 0x80, 0x80), '\\ufffd\\ufffd\\ufffd\\ufffd'],
] as const) {
  test(`${what} is escaped as Docker does it`, () => assert.equal(escaped(input), output));
}

test('any text is the same after JSON.parse', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(JSON.parse(`"${escaped(Buffer.from(text))}"`), Buffer.from(text).toString());
    }),
  );
});

test('any bytes become valid JSON', () => {
  fc.assert(fc.property(fc.uint8Array(), (input) => void JSON.parse(`"${escaped(input)}"`)));
});
