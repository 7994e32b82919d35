import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRegistryAuth } from './registry-auth.ts';

const encode = (value: unknown, alphabet: BufferEncoding): string =>
  Buffer.from(JSON.stringify(value)).toString(alphabet);

test('credentials are read from both alphabets of base64', () => {
  const wire = { username: 'ann', password: '?>ÿ', serveraddress: 'r.example' };
  for (const alphabet of ['base64', 'base64url'] as const) {
    assert.deepEqual(parseRegistryAuth(encode(wire, alphabet)), {
      username: 'ann',
      password: '?>ÿ',
      serverAddress: 'r.example',
    });
  }
});

test('name and password may come together', () => {
  const auth = Buffer.from('ann:a:b').toString('base64');
  assert.deepEqual(parseRegistryAuth(encode({ auth }, 'base64')), { username: 'ann', password: 'a:b' });
});

test('no credentials are no credentials', () => {
  for (const header of [undefined, '', encode({}, 'base64'), encode({ username: '' }, 'base64')]) {
    assert.equal(parseRegistryAuth(header), undefined);
  }
  assert.throws(() => parseRegistryAuth(Buffer.from('{{').toString('base64')), { code: 'invalid-argument' });
});
