// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles' variables
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandWord, expandWords, variablesOf } from './word-expansion.ts';

const variables = variablesOf(['X=one', 'Y=two words', 'EMPTY=', 'X=other', 'É=accent', '1=digit']);

test('variables are replaced, quotes and escapes are taken away', () => {
  const table: [word: string, expected: string][] = [
    ['plain', 'plain'],
    ['$X', 'one'],
    ['${X}', 'one'],
    ['a$X.b', 'aone.b'],
    ['$XY', ''],
    ['$É', 'accent'],
    ['$1x', 'digitx'],
    ['$', '$'],
    ['$.', '$.'],
    ['$$', ''],
    ['a\\$X', 'a$X'],
    ["'$X'", '$X'],
    ['"$X"', 'one'],
    ['"\\$X"', '$X'],
    ['"a\\"b"', 'a"b'],
    ['"a\\nb"', 'a\\nb'],
    ['"\'$X\'"', "'one'"],
    ["'a\\b'", 'a\\b'],
    ['a\\ b', 'a b'],
    ['a\\', 'a'],
    ['a\\\\b', 'a\\b'],
    ['${X:-y}', 'one'],
    ['${N:-y}', 'y'],
    ['${EMPTY:-y}', 'y'],
    ['${EMPTY-y}', ''],
    ['${N-y}', 'y'],
    ['${N:-}', ''],
    ['${N:-$X}', 'one'],
    ['${N:-${M:-deep}}', 'deep'],
    ['${N:-"a}b"}', 'a}b'],
    ['${N:-a\\}b}', 'a}b'],
    ['${X:+y}', 'y'],
    ['${EMPTY:+y}', ''],
    ['${EMPTY+y}', 'y'],
    ['${N:+y}', ''],
    ['${X:?no}', 'one'],
    ['日本$X', '日本one'],
  ];
  for (const [word, expected] of table) assert.equal(expandWord(word, variables, '\\'), expected, word);
});

test('a backtick escapes where the Dockerfile says so', () => {
  assert.equal(expandWord('c:\\dir`$X', variables, '`'), 'c:\\dir$X');
});

test('blanks of a value make words unless it is quoted', () => {
  const table: [word: string, expected: string[]][] = [
    ['$Y', ['two', 'words']],
    ['"$Y"', ['two words']],
    ['a$Y', ['atwo', 'words']],
    ['$EMPTY', []],
    ['80 90', ['80', '90']],
    ['a\\ b', ['a b']],
  ];
  for (const [word, expected] of table) assert.deepEqual(expandWords(word, variables, '\\'), expected, word);
});

test('what cannot be replaced is refused in Docker’s words', () => {
  const table: [word: string, reason: string][] = [
    ['${X', "missing ':' in substitution"],
    ['${X=y}', "missing ':' in substitution"],
    ['${X:=y}', 'unsupported modifier (=) in substitution'],
    ['${', "syntax error: missing '}'"],
    ['${}', 'syntax error: bad substitution'],
    ['${N:-a', "syntax error: missing '}'"],
    ['${N:?no good}', 'N: no good'],
    ['${N?}', 'N: is not allowed to be unset'],
    ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
    ["'a", 'unexpected end of statement while looking for matching single-quote'],
    ['"a', 'unexpected end of statement while looking for matching double-quote'],
  ];
  for (const [word, reason] of table) {
    const message = `failed to process ${JSON.stringify(word)}: ${reason}`;
    assert.throws(() => expandWord(word, variables, '\\'), { code: 'invalid-argument', message }, word);
  }
});
