import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EntryBuffer } from './log-entry.ts';
import { plainLines } from './plain-lines.ts';

const suffix = '","stream":"stdout","attrs":{"a":"$1 $$"}}\n';

/** Entries made at once. */
function atOnce(data: Buffer): string | undefined {
  const entries = new EntryBuffer();
  return entries.addPlain(data, Buffer.from(suffix)) ? Buffer.from(entries.contents()).toString('latin1') : undefined;
}

/** The same, line by line. */
function closely(data: Buffer): string {
  const entries = new EntryBuffer();
  for (let start = 0; start < data.length; ) {
    const end = data.indexOf(10, start);
    entries.add(data, start, end, true, Buffer.from(suffix));
    start = end + 1;
  }
  return Buffer.from(entries.contents()).toString('latin1');
}

for (const [what, text] of [
  ['plain text', 'one\ntwo\n'],
  ['empty lines', '\n\n'],
  ['JSON', '{"a":"b","c":"d"}\n'],
  ['colours', '\u001b[32mgreen\u001b[0m\r\n'],
  ['all of ASCII but the backslash', `${String.fromCharCode(...Array(92).keys())}]^_\`{|}~\u007f\n`],
  ['what HTML would take for its own', '<a href="b&c">\n'],
  ['line separators', 'a\u2028b\u2029c\n'],
  ['characters of two, three and four bytes', 'é€😀\n\u2027\u202a\n'],
  ['lines of just less than 16 KiB', `${'x'.repeat(16_383)}\n${'y'.repeat(16_383)}\n`],
  ['what a replacement would take for its own', '$1 $$ $`\n'],
] as const) {
  test(`lines with ${what} become the same entries as one by one`, () => {
    assert.equal(atOnce(Buffer.from(text)), closely(Buffer.from(text)));
  });
}

for (const [what, data] of [
  ['a line of 16 KiB', Buffer.from(`a\n${'x'.repeat(16_384)}\nb\n`)],
  ['backslashes', Buffer.from('{"a":"b\\\\c"}\n{"a":"\\"d\\""}\n')],
  ['a byte that is not UTF-8', Buffer.from([0x80, 10])],
] as const) {
  test(`lines with ${what} are left to a closer look`, () => assert.equal(plainLines(data, ''), undefined));
}

test('whatever is taken becomes the same entries as one by one', () => {
  const line = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant('x'.repeat(9000)));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      const data = Buffer.from(`${lines.join('\n')}\n`);
      const entries = atOnce(data);
      assert.ok(entries === undefined || entries === closely(data));
    }),
  );
});
