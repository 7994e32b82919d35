import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr } from '@fairlead/kernel';
import { digestOf } from '@fairlead/registry';
import { type TarFile, tarEnd, tarEntries, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { applyLayer, unpackPlugin } from './plugin-archive.ts';

const calls = { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr };
const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 1_600_000_000, major: 0, minor: 0 };

type Part = Omit<TarFile, 'attributes'> & { readonly text?: string };

/** An archive in pieces of odd lengths. */
async function* archiveOf(...parts: Part[]): AsyncGenerator<Uint8Array> {
  for (const { text = '', ...file } of parts) {
    yield tarHeader({ ...file, attributes, size: text.length });
    yield Buffer.from(text, 'latin1');
    yield tarPadding(text.length);
  }
  yield tarEnd;
}

const file = (name: string, text: string): Part => ({ name, type: 'file', text });

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fl-plugin-archive-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what keeps the layer from being kept is told, however much of it is to come', async () => {
  await inFolder(async (folder) => {
    const parts = Array.from({ length: 64 }, (_, index) =>
      file(`rootfs/${index}`, randomBytes(64 * 1024).toString('latin1')),
    );
    const unpacked = unpackPlugin(archiveOf(...parts, file('config.json', '{}')), folder, calls, async (content) => {
      for await (const _ of content) throw new Error('no space left on device');
      throw new Error('nothing came');
    });
    await assert.rejects(unpacked, { message: 'no space left on device' });
  });
});

test('an archive is a config and a root file system, and what is unpacked is what the layer holds', async () => {
  await inFolder(async (folder) => {
    let layer = Buffer.alloc(0);
    const parts: Part[] = [
      { name: 'rootfs/', type: 'directory' },
      { name: 'rootfs/bin/', type: 'directory' },
      file('rootfs/bin/plug', 'program'.repeat(1000)),
      file('./config.json', '{"entrypoint":["/bin/plug"]}'),
      file('other', 'is passed over'),
      { name: 'rootfs/bin/link', type: 'symlink', linkName: '/bin/plug' },
      { name: 'rootfs/bin/same', type: 'link', linkName: 'rootfs/bin/plug' },
    ];
    const unpacked = await unpackPlugin(archiveOf(...parts), folder, calls, async (content) => {
      layer = Buffer.concat(await Array.fromAsync(content));
      return { digest: digestOf(layer), size: layer.length };
    });
    assert.equal(unpacked.config, '{"entrypoint":["/bin/plug"]}');
    assert.deepEqual([unpacked.layer.size, readdirSync(folder)], [layer.length, ['bin']]);
    assert.equal(readlinkSync(join(folder, 'bin/link')), '/bin/plug');
    assert.equal(statSync(join(folder, 'bin/same')).nlink, 2);
    const other = join(folder, 'again');
    mkdirSync(other);
    async function* whole() {
      yield layer;
    }
    await applyLayer(whole(), other, calls);
    assert.deepEqual(readdirSync(join(other, 'bin')).sort(), ['link', 'plug', 'same']);
    assert.equal(readFileSync(join(other, 'bin/plug'), 'utf8'), 'program'.repeat(1000));
    async function* plain() {
      yield gunzipSync(layer);
    }
    const names = (await Array.fromAsync(tarEntries(plain()))).map(({ name }) => name);
    assert.deepEqual(names, ['bin/', 'bin/plug', 'bin/link', 'bin/same']);
  });
});

test('an archive without config or root file system is refused in the words of Docker, also one that breaks off', async () => {
  async function* broken() {
    yield* (await Array.fromAsync(archiveOf(file('rootfs/a', 'x'.repeat(5000))))).slice(0, 1);
    yield Buffer.from('the rest is missing');
  }
  const cases: readonly [archive: AsyncIterable<Uint8Array>, words: RegExp][] = [
    [archiveOf(file('config.json', '{}')), /^FairleadError: no rootfs found: EOF$/],
    [archiveOf(file('rootfs/a', 'x')), /^FairleadError: config not found$/],
    [broken(), /unexpected EOF/],
    [archiveOf(file('config.json', '{}'), file('rootfs/../../out', 'x')), /is outside of/],
  ];
  for (const [archive, words] of cases) {
    await inFolder(async (folder) => {
      const keep = async (content: AsyncIterable<Uint8Array>) => {
        for await (const _ of content);
        return { digest: digestOf(''), size: 0 };
      };
      await assert.rejects(unpackPlugin(archive, folder, calls, keep), words);
    });
  }
});

test('a layer takes away what it says, and what is above stays in the folder', async () => {
  await inFolder(async (folder) => {
    await applyLayer(archiveOf(file('a/x', '1'), file('a/y', '2'), file('b', '3')), folder, calls);
    const upper = [file('a/.wh.x', ''), file('.wh.gone', ''), file('.wh..wh.plnk', ''), file('b', '4')];
    const packed = gzipSync(Buffer.concat(await Array.fromAsync(archiveOf(...upper))));
    async function* whole() {
      yield packed;
    }
    await applyLayer(whole(), folder, calls);
    assert.deepEqual([readdirSync(folder).sort(), readdirSync(join(folder, 'a'))], [['a', 'b'], ['y']]);
    assert.equal(readFileSync(join(folder, 'b'), 'utf8'), '4');
  });
});
