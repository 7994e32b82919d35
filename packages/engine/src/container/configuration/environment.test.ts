import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeEnvironment } from './environment.ts';

const cases: [title: string, image: string[], asked: string[], merged: string[]][] = [
  ['nothing asked for', ['PATH=/bin', 'A=1'], [], ['PATH=/bin', 'A=1']],
  ['what was asked for comes first', ['A=1'], ['B=2'], ['B=2', 'A=1']],
  ['a changed one is there once', ['A=1', 'B=2'], ['A=9'], ['A=9', 'B=2']],
  ['an empty value is a value', ['A=1'], ['A='], ['A=']],
  ['no equals sign stays, and keeps the image’s away', ['A=1', 'B=2'], ['A'], ['A', 'B=2']],
  ['the same one twice stays twice', [], ['A=1', 'A=2'], ['A=1', 'A=2']],
  ['only the first equals sign divides', ['A=1'], ['A=b=c'], ['A=b=c']],
  ['a value of several lines', ['A=1'], ['A=b\nc=d'], ['A=b\nc=d']],
];

for (const [title, image, asked, merged] of cases) {
  test(`the environment of a container: ${title}`, () => {
    assert.deepEqual(mergeEnvironment(image, asked), merged);
  });
}
