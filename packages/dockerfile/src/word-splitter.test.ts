import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitWords } from './word-splitter.ts';

test('words end at blanks that are neither quoted nor escaped, and keep their quotes', () => {
  const table: [text: string, expected: string[], escapeCharacter?: '`'][] = [
    ['a b  c', ['a', 'b', 'c']],
    ['a=b c="d e" f=\'g h\'', ['a=b', 'c="d e"', "f='g h'"]],
    ['a\\ b c', ['a\\ b', 'c']],
    ['a="b\\" c" d', ['a="b\\" c"', 'd']],
    ["a='b\\' c' d", ["a='b\\'", "c' d"]],
    ['a="b c', ['a="b c']],
    ['"" b', ['""', 'b']],
    ['a b\\', ['a', 'b']],
    ['a \\', ['a']],
    ['a b\\\\', ['a', 'b\\\\']],
    ['a` b c\\ d', ['a` b', 'c\\', 'd'], '`'],
    ['', []],
  ];
  for (const [text, expected, escapeCharacter] of table) {
    assert.deepEqual(splitWords(text, escapeCharacter ?? '\\'), expected, text);
  }
});
