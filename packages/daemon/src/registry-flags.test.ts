import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInsecureRegistry, parseMirror } from './registry-flags.ts';

test('mirrors are URLs', () => {
  for (const [text, expected] of [
    ['https://mirror.example', 'https://mirror.example/'],
    ['http://192.0.2.1:5000/', 'http://192.0.2.1:5000/'],
    ['HTTPS://[2001:db8::1]/cache', 'https://[2001:db8::1]/cache'],
  ] as const) {
    assert.equal(parseMirror(text), expected);
  }
});

test('what is no mirror is refused in Docker’s words', () => {
  for (const [text, reason] of [
    ['mirror.example', 'unsupported scheme "" in "mirror.example"'],
    ['ftp://mirror.example', 'unsupported scheme "ftp" in "ftp://mirror.example"'],
    ['https://a b', '"https://a b" is not a valid URI'],
    ['https://mirror.example?a=b', 'query or fragment at end of the URI "https://mirror.example?a=b"'],
    ['https://me:secret@mirror.example', 'username/password not allowed in URI'],
  ] as const) {
    assert.throws(() => parseMirror(text), { code: 'invalid-argument', message: `invalid mirror: ${reason}` });
  }
});

test('insecure registries are hosts or subnets', () => {
  for (const [text, expected] of [
    ['registry.example:5000', 'registry.example:5000'],
    ['http://registry.example', 'registry.example'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['[2001:db8::1]:5000', '[2001:db8::1]:5000'],
  ] as const) {
    assert.equal(parseInsecureRegistry(text), expected);
  }
  for (const [text, message] of [
    ['http://a/b', 'insecure registry a/b is not valid: invalid host "a/b"'],
    ['a:70000', 'insecure registry a:70000 is not valid: invalid port "70000"'],
    ['ftp://a', "insecure registry ftp://a should not contain '://'"],
  ] as const) {
    assert.throws(() => parseInsecureRegistry(text), { code: 'invalid-argument', message });
  }
});
