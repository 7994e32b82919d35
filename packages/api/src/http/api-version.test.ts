import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maximumVersion, negotiateVersion } from './api-version.ts';

test('versions that are served are taken as asked', () => {
  assert.equal(negotiateVersion('1.24'), 24);
  assert.equal(negotiateVersion('1.51'), 51);
  assert.equal(negotiateVersion(undefined), maximumVersion);
});

test('other versions are refused in words that clients parse', () => {
  const tooNew = (text: string) => `client version ${text} is too new. Maximum supported API version is 1.51`;
  const tooOld = (text: string) =>
    `client version ${text} is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version`;
  for (const [version, message] of [
    ['1.99', tooNew('1.99')],
    ['1.52', tooNew('1.52')],
    ['2.0', tooNew('2.0')],
    ['1.12', tooOld('1.12')],
    ['1.3', tooOld('1.3')],
    ['0.9', tooOld('0.9')],
  ] as const) {
    assert.throws(() => negotiateVersion(version), { code: 'invalid-argument', message });
  }
});
