import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipped } from './plugin-arrival.ts';

async function* archive(fault?: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some');
  if (fault !== undefined) throw fault;
  yield Buffer.from('thing');
}

test('what is sent packed is what is in the folder', async () => {
  const pieces = await Array.fromAsync(gzipped(archive()));
  assert.equal(gunzipSync(Buffer.concat(pieces)).toString(), 'something');
});

test('a file that cannot be read ends the request', { timeout: 5_000 }, async () => {
  const sent = Array.fromAsync(gzipped(archive(new Error('permission denied'))));
  await assert.rejects(sent, { message: 'permission denied' });
});
