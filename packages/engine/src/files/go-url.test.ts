import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoUrl } from './go-url.ts';

test('a URL has a path with its escapes undone', () => {
  const pathOf = (text: string) => parseGoUrl(text).path;
  assert.deepEqual(
    ['http://a', 'https://a:80/', 'http://u:p@a/b%20c?d=%zz', 'http://[::1]:80/%e4%bd%a0#f%20', 'http://a/%ff'].map(
      pathOf,
    ),
    ['', '/', '/b c', '/你', '/%ff'],
  );
  assert.equal(parseGoUrl('http://a:80/b#c').url.href, 'http://a/b#c');
});

test('what Go does not take is refused in its words', () => {
  for (const [text, message] of [
    ['http://a/%zz', 'parse "http://a/%zz": invalid URL escape "%zz"'],
    ['http://a/b%2', 'parse "http://a/b%2": invalid URL escape "%2"'],
    ['http://a/b#%zz', 'parse "http://a/b#%zz": invalid URL escape "%zz"'],
    ['http://a%41/', 'parse "http://a%41/": invalid URL escape "%41"'],
    ['http://a:x/#y', 'parse "http://a:x/": invalid port ":x" after host'],
    ['http://[::1]x/', 'parse "http://[::1]x/": invalid port "x" after host'],
    ['http://[::1/', 'parse "http://[::1/": missing \']\' in host'],
    ['http://a b/', 'parse "http://a b/": invalid character " " in host name'],
    ['http://a/\n', 'parse "http://a/\\n": net/url: invalid control character in URL'],
    ['http:///a', 'Get "http:///a": http: no Host in request URL'],
  ] as const) {
    assert.throws(() => parseGoUrl(text), { code: 'invalid-argument', message }, text);
  }
});
