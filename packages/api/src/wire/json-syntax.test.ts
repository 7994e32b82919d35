import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonSyntaxFault } from './json-syntax.ts';

// What Go's encoding/json says of the same texts.
const faults: readonly (readonly [text: string, fault: string])[] = [
  ['nul', 'unexpected EOF'],
  ['nope', "invalid character 'o' in literal null (expecting 'u')"],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ['{', 'unexpected EOF'],
  ['{"a"', 'unexpected EOF'],
  ['{"a":', 'unexpected EOF'],
  ['{"a":1', 'unexpected EOF'],
  ['[1,', 'unexpected EOF'],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a":"b\nc"}', "invalid character '\\n' in string literal"],
  ['{} {}', 'unexpected content after JSON'],
];

test('broken JSON is described in the words of Go', () => {
  for (const [text, fault] of faults) assert.equal(jsonSyntaxFault(text), fault, text);
});
