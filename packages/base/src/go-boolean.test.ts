import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goBooleanError, parseGoBoolean } from './go-boolean.ts';

const values: readonly (readonly [string, boolean | undefined])[] = [
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
  ...['', 'tRUE', 'yes', ' true', 'true\n', '01'].map((text) => [text, undefined] as const),
];

for (const [text, value] of values) {
  test(`${JSON.stringify(text)} is read as ${value}`, () => {
    assert.equal(parseGoBoolean(text), value);
  });
}

test('what is no boolean is refused with the words of Go', () => {
  assert.equal(goBooleanError('so "so"'), 'strconv.ParseBool: parsing "so \\"so\\"": invalid syntax');
});
