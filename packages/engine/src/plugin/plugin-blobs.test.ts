import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '@fairlead/registry';
import { PluginBlobs } from './plugin-blobs.ts';

const bytes = (...texts: string[]) =>
  async function* () {
    for (const text of texts) yield Buffer.from(text);
  };

async function inFolder(work: (blobs: PluginBlobs, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fl-blobs-'));
  try {
    await work(new PluginBlobs(folder), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a blob is kept under the name of its content, once', async () => {
  await inFolder(async (blobs, folder) => {
    const first = await blobs.ingest(bytes('ab', 'c')());
    assert.deepEqual(first, { digest: digestOf('abc'), size: 3 });
    await blobs.write(first, bytes('what is there already is not read'));
    assert.equal(Buffer.from(await blobs.read(first.digest)).toString(), 'abc');
    assert.equal(Buffer.concat(await Array.fromAsync(blobs.stream(first.digest, 1))).toString(), 'bc');
    assert.deepEqual([blobs.size(first.digest), readdirSync(join(folder, 'sha256')).length], [3, 1]);
  });
});

test('what is not what it should be is not kept', async () => {
  await inFolder(async (blobs, folder) => {
    const wanted = { digest: digestOf('abc'), size: 3 };
    await assert.rejects(blobs.write(wanted, bytes('abd')), /verification failed/);
    async function* broken() {
      yield Buffer.from('ab');
      throw new Error('the line is cut');
    }
    await assert.rejects(blobs.ingest(broken()), /the line is cut/);
    assert.equal(await blobs.has(wanted.digest), false);
    assert.deepEqual([readdirSync(join(folder, 'sha256')), readdirSync(join(folder, 'unfinished'))], [[], []]);
    await assert.rejects(blobs.read(wanted.digest), { code: 'not-found' });
    assert.throws(() => blobs.size(wanted.digest), { code: 'not-found' });
  });
});

test('what nobody uses is collected, and what an earlier daemon left unfinished', async () => {
  await inFolder(async (blobs, folder) => {
    blobs.collect(new Set());
    const [kept, gone] = [await blobs.ingest(bytes('a')()), await blobs.ingest(bytes('b')())];
    mkdirSync(join(folder, 'unfinished'), { recursive: true });
    writeFileSync(join(folder, 'unfinished', 'x'), 'half');
    blobs.collect(new Set([kept.digest]));
    assert.deepEqual([await blobs.has(kept.digest), await blobs.has(gone.digest)], [true, false]);
    assert.equal(existsSync(join(folder, 'unfinished')), false);
  });
});
