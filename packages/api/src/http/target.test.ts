import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery, parseTarget } from './target.ts';

const targets: readonly (readonly [target: string | undefined, path: string, search: string])[] = [
  [undefined, '/', ''],
  ['/_ping', '/_ping', ''],
  ['/a%20b/json?all=1?', '/a b/json', '?all=1?'],
  ['http://docker/v1.41/info?x=%2F', '/v1.41/info', '?x=%2F'],
  ['HTTPS://docker:2376', '/', ''],
  ['http://docker?all=1', '/', '?all=1'],
  ['/http://docker/_ping', '/http://docker/_ping', ''],
];
for (const [target, path, search] of targets) {
  test(`target ${target}`, () => assert.deepEqual(parseTarget(target), { path, search }));
}

test('what cannot be decoded is no target', () => assert.equal(parseTarget('/%zz'), undefined));

test('a query is read as it stands', () => {
  assert.deepEqual(
    [...parseQuery('?a=%3B%25&b=+x&a')],
    [
      ['a', ';%'],
      ['b', ' x'],
      ['a', ''],
    ],
  );
});

const refused: readonly (readonly [search: string, message: string])[] = [
  ['?all=1;limit=2', 'invalid semicolon separator in query'],
  ['?all=%zz&b', 'invalid URL escape "%zz"'],
  ['?all=%4', 'invalid URL escape "%4"'],
  ['?%', 'invalid URL escape "%"'],
];
for (const [search, message] of refused) {
  test(`no query: ${search}`, () => assert.throws(() => parseQuery(search), { code: 'invalid-argument', message }));
}
