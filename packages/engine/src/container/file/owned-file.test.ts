import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mergeLines, rewriteLines, rewriteUnlessEdited, writeOwned } from './owned-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fl-test-owned-file-'));
after(() => rmSync(folder, { recursive: true }));

const merges: readonly (readonly [why: string, present: string, before: string, after: string, merged: string])[] = [
  ['nobody has edited it', 'a\nb\n', 'a\nb\n', 'a\nc\n', 'a\nc\n'],
  ['own lines stay', 'a\nmine\nb\n', 'a\nb\n', 'a\nc\n', 'a\nmine\nc\n'],
  ['a line that was taken away stays away', 'a\n', 'a\nb\n', 'a\nb\nc\n', 'a\nc\n'],
  ['a line that is there already is not doubled', 'a\nc\n', 'a\n', 'a\nc\n', 'a\nc\n'],
  ['the last line may have no end', 'a\nmine', 'a\n', 'a\nb\n', 'a\nmine\nb\n'],
];
for (const [why, present, before, wanted, merged] of merges) {
  test(`lines: ${why}`, () => assert.equal(mergeLines(present, before, wanted), merged));
}

test('a file is the same file when it is written anew, longer or shorter', () => {
  const path = join(folder, 'same');
  writeOwned(path, 'first\n');
  const { ino } = statSync(path);
  for (const text of ['much longer than before\n', 'short\n', '']) {
    writeOwned(path, text);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.equal(statSync(path).ino, ino);
  }
});

test('a file that was edited is left alone, or keeps the lines that are not ours', () => {
  const path = join(folder, 'hosts');
  const text = () => readFileSync(path, 'utf8');
  writeOwned(path, 'a\n');
  rewriteUnlessEdited(path, 'b\n');
  assert.equal(text(), 'b\n');
  writeFileSync(path, 'b\nmine\n');
  rewriteUnlessEdited(path, 'c\n');
  assert.equal(text(), 'b\nmine\n');
  rewriteLines(path, 'c\n');
  assert.equal(text(), 'mine\nc\n');
  rewriteLines(path, 'd\n');
  assert.equal(text(), 'mine\nd\n');
  writeOwned(path, 'e\n');
  assert.equal(text(), 'e\n');
});

test('a file that a container has made longer than any is left alone', () => {
  const path = join(folder, 'long');
  writeOwned(path, 'a\n');
  truncateSync(path, 2 ** 33);
  for (const rewrite of [rewriteLines, rewriteUnlessEdited]) rewrite(path, 'b\n');
  assert.equal(statSync(path).size, 2 ** 33);
});
