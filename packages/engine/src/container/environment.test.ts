import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeEnvironment } from './environment.ts';

const cases: [title: string, image: string[], asked: string[], merged: string[]][] = [
  ['nothing asked for', ['PATH=/bin', 'A=1'], [], ['PATH=/bin', 'A=1']],
  ['a new variable comes last', ['A=1'], ['B=2'], ['A=1', 'B=2']],
  ['a changed one keeps its place', ['A=1', 'B=2'], ['A=9'], ['A=9', 'B=2']],
  ['an empty value is a value', ['A=1'], ['A='], ['A=']],
  ['no equals sign takes it away', ['A=1', 'B=2'], ['A'], ['B=2']],
  ['what is taken away and was never there', ['A=1'], ['Z'], ['A=1']],
  ['taken away and given again', ['A=1'], ['A', 'A=3'], ['A=3']],
  ['the last of two wins', [], ['A=1', 'A=2'], ['A=2']],
  ['only the first equals sign divides', ['A=1'], ['A=b=c'], ['A=b=c']],
];

for (const [title, image, asked, merged] of cases) {
  test(`the environment of a container: ${title}`, () => {
    assert.deepEqual(mergeEnvironment(image, asked), merged);
  });
}
