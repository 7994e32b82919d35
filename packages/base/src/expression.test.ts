import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExpression } from './expression.ts';

test('an expression matches any part of a text, in the syntax of Go', () => {
  const table: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ['eb', 'web', true],
    ['^web$', 'web', true],
    ['^web$', 'web1', false],
    ['(?i)^WEB', 'web1', true],
    ['\\Aweb\\z', 'web', true],
    ['[[:digit:]]', 'web1', true],
    ['^(?P<name>db|web)[0-9]{1,2}$', 'db12', true],
    ['', 'anything', true],
  ];
  for (const [pattern, text, matches] of table) assert.equal(parseExpression(pattern).test(text), matches, pattern);
});

test('what is none is refused in the words of Go', () => {
  const table: readonly (readonly [pattern: string, fault: string])[] = [
    ['[', 'missing closing ]: `[`'],
    ['(a', 'missing closing ): `(a`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'invalid escape sequence: `\\1`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
  ];
  for (const [pattern, fault] of table) {
    const message = `error parsing regexp: ${fault}`;
    assert.throws(() => parseExpression(pattern), { code: 'invalid-argument', message }, pattern);
  }
});

test('no expression takes longer than the text is long', () => {
  for (const pattern of ['(a+)+$', '^(a|aa)*$', '(.*)*x$', '(a*)*b']) {
    assert.equal(parseExpression(pattern).test(`${'a'.repeat(20_000)}!`), false, pattern);
  }
});
