import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesContent } from '../transfer/content-store.ts';
import { DownloadPace } from './download-pace.ts';

/** After how many tenths of a second one more connection would help a download that brings so many megabytes in each. */
async function helpedAfter(megabytes: readonly number[], signal?: AbortSignal): Promise<number> {
  let passed = 0;
  const pace: DownloadPace = new DownloadPace(async () => {
    const bytes = new Uint8Array((megabytes[passed++] ?? 0) * 1e6);
    await Array.fromAsync(pace.counted(bytesContent(bytes)(0)));
  });
  await pace.untilSlow(signal);
  return passed;
}

test('a slow download is helped after a tenth of a second', async () => {
  assert.equal(await helpedAfter([4]), 1);
});

test('a fast one is left alone until it is slow, or at its end', async () => {
  assert.equal(await helpedAfter([6, 6, 4, 6]), 3);
  assert.equal(await helpedAfter([6, 6]), 3);
});

test('nobody waits when the download is given up', async () => {
  assert.equal(await helpedAfter([6], AbortSignal.abort()), 0);
});
