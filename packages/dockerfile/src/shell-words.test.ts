import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shellWords } from './shell-words.ts';

const texts: readonly [text: string, words: readonly string[]][] = [
  ['', []],
  ['  a  b\t', ['a', 'b']],
  [`sh -c "a 'b' \\" c" 'd "e" \\'`, ['sh', '-c', `a 'b' " c`, 'd "e" \\']],
  ['a\\ b c""d \'\'', ['a b', 'cd', '']],
  ['a # comment\nb', ['a', 'b']],
];

for (const [text, words] of texts) {
  test(`${JSON.stringify(text)} is ${words.length} words`, () => assert.deepEqual(shellWords(text), words));
}

test('what is not closed is refused', () => {
  assert.throws(() => shellWords('a "b'), { message: 'EOF found when expecting closing quote' });
  assert.throws(() => shellWords('a \\'), { message: 'EOF found after escape character' });
});
