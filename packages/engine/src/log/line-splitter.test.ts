import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, longestPiece } from './line-splitter.ts';

/** Pieces as text; a line's last piece ends in a newline. */
function pieces(chunks: readonly (string | Uint8Array)[]): string[] {
  const taken: string[] = [];
  const splitter = new LineSplitter((bytes, start, end, complete) => {
    taken.push(Buffer.from(bytes.subarray(start, end)).toString('latin1') + (complete ? '\n' : ''));
  });
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return taken;
}

const full = 'x'.repeat(longestPiece);
const accent = Buffer.from('é').toString('latin1');

for (const [what, chunks, lines] of [
  ['nothing is no line', [''], []],
  ['an empty line is a line', ['\n\n'], ['\n', '\n']],
  ['lines of one chunk', ['a\nb\n'], ['a\n', 'b\n']],
  ['a line of three chunks', ['a', 'b', 'c\nd\n'], ['abc\n', 'd\n']],
  ['a newline alone ends what was carried', ['a', '\n'], ['a\n']],
  ['what is left at the end has no newline', ['a\nb'], ['a\n', 'b']],
  ['the longest line that is not cut', [`${full.slice(1)}\n`], [`${full.slice(1)}\n`]],
  ['a line of just 16 KiB is cut before its newline', [`${full}\n`], [full, '\n']],
  ['the same in two chunks', [full.slice(3), 'xxx\n'], [full, '\n']],
  ['a longer line is cut', [`${full}${full}y\nz\n`], [full, full, 'y\n', 'z\n']],
  ['a character is not cut', [Buffer.from(`${full.slice(1)}é\n`)], [full.slice(1), `${accent}\n`]],
  [
    'a character is not cut in what is carried either',
    ['x', Buffer.from(`${full.slice(2)}é`), '\n'],
    [full.slice(1), `${accent}\n`],
  ],
] as const) {
  test(what, () => assert.deepEqual(pieces(chunks), lines));
}

test('pieces do not depend on how the bytes arrive', () => {
  const run = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom('\n', 'é', '😀', 'ab\ncd').map((text) => new Uint8Array(Buffer.from(text))),
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: longestPiece - 3, max: longestPiece + 3 }))
      .map(([byte, length]) => new Uint8Array(length).fill(byte)),
  );
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }),
      (runs, sizes) => {
        const whole = Buffer.concat(runs);
        const chunks: Uint8Array[] = [];
        for (let offset = 0, index = 0; offset < whole.length; index++) {
          const size = sizes[index % sizes.length] ?? 1;
          chunks.push(whole.subarray(offset, offset + size));
          offset += size;
        }
        const taken = pieces(chunks);
        assert.deepEqual(taken, pieces([whole]));
        assert.equal(taken.join(''), whole.toString('latin1'));
        assert.ok(taken.every((piece) => piece.length <= longestPiece));
      },
    ),
  );
});
