import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { collected } from '../testing/memory-target.ts';
import { decompressed } from './compression.ts';

const content = Buffer.from('content '.repeat(10_000));

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

describe('decompressed', () => {
  for (const [name, bytes] of [
    ['plain', content],
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ] as const) {
    it(`undoes ${name}, however it arrives`, async () => {
      for (const size of [1000, 3]) {
        assert.deepEqual(await collected(await decompressed(pieces(bytes, size))), content);
      }
    });
  }

  for (const [name, bytes] of [
    ['gzip', gzipSync(content).subarray(0, 30)],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
    ['zstd', zstdCompressSync(content).subarray(0, 20)],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ] as const) {
    it(`refuses broken ${name} (${bytes.length} bytes)`, async () => {
      const broken = async () => collected(await decompressed(pieces(bytes, 100)));
      await assert.rejects(broken, { code: 'invalid-argument', message: new RegExp(`^${name}: `) });
    });
  }

  it('gives nothing for nothing', async () => {
    assert.equal((await collected(await decompressed(pieces(Buffer.alloc(0), 1)))).length, 0);
  });

  it('hands on an error of the source', async () => {
    async function* broken() {
      yield gzipSync(content).subarray(0, 50);
      throw new Error('connection lost');
    }
    await assert.rejects(async () => collected(await decompressed(broken())), { message: 'connection lost' });
  });
});
