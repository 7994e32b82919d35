import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSource } from './source-lines.ts';

const texts = (source: string) => readSource(source).lines.map(({ text }) => text);

test('instructions are joined over their lines, and comments go', () => {
  const table: [source: string, expected: string[]][] = [
    ['FROM a', ['FROM a']],
    ['\uFEFFFROM a\r\nRUN b\r\n', ['FROM a', 'RUN b']],
    ['# note\n\n  FROM a\n', ['FROM a']],
    ['RUN a \\\n  b \\\n  c', ['RUN a   b   c']],
    ['RUN a \\\n# in between\n   # and indented\n  b', ['RUN a   b']],
    ['RUN a \\  \t\n b', ['RUN a  b']],
    ['RUN a \\', ['RUN a ']],
    ['RUN echo # no comment', ['RUN echo # no comment']],
    ['# escape=`\nRUN a `\n b\nRUN c\\\nRUN d', ['RUN a  b', 'RUN c\\', 'RUN d']],
    ['# syntax=docker/dockerfile:1\n# escape = `\nRUN a `\n b', ['RUN a  b']],
    ['# just a comment\n# escape=`\nRUN a `\nRUN b', ['RUN a `', 'RUN b']],
  ];
  for (const [source, expected] of table) assert.deepEqual(texts(source), expected, JSON.stringify(source));
});

test('an instruction knows the line it begins in', () => {
  assert.deepEqual(
    readSource('# x\nFROM a\n\nRUN b \\\n\n c\nCMD d').lines.map(({ line }) => line),
    [2, 4, 7],
  );
});

test('an empty line in the middle of an instruction is warned of', () => {
  assert.deepEqual(readSource('FROM a\nENV b=c \\\n\n  d=e\n').warnings, [
    '[WARNING]: Empty continuation line found in:\n    ENV b=c   d=e',
    '[WARNING]: Empty continuation lines will become errors in a future release.',
  ]);
});

test('what is no Dockerfile is refused in Docker’s words', () => {
  const table: [source: string, message: string][] = [
    ['', 'file with no instructions'],
    ['# only comments\n', 'file with no instructions'],
    ['# escape=x\nFROM a', "invalid escape token 'x' does not match ` or \\"],
    ['# escape=`\n# escape=`\nFROM a', 'only one escape parser directive can be used'],
    [`RUN ${'x'.repeat(70_000)}`, 'dockerfile line greater than max allowed size of 65535'],
  ];
  for (const [source, message] of table) {
    assert.throws(() => readSource(source), { code: 'invalid-argument', message }, source.slice(0, 40));
  }
});
