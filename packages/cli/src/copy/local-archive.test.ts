import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TarFile, tarEnd, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { unpackLocal } from './local-archive.ts';

const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };

type Entry = Omit<TarFile, 'attributes' | 'size'> & { readonly content?: string };

async function* archiveOf(entries: readonly Entry[]): AsyncGenerator<Uint8Array, void> {
  for (const { content = '', ...entry } of entries) {
    yield tarHeader({ ...entry, attributes, size: content.length });
    yield Buffer.from(content);
    yield tarPadding(content.length);
  }
  yield tarEnd;
}

/** Unpacks to `target` in a folder that holds a directory `elsewhere`, and gives the folder to the check. */
async function unpacking(
  entries: readonly Entry[],
  check: (folder: string, unpacked: Promise<void>) => Promise<void>,
  prepare: (folder: string) => void = () => {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fl-cp-'));
  try {
    mkdirSync(join(folder, 'elsewhere'));
    prepare(folder);
    await check(folder, unpackLocal(archiveOf(entries), { target: join(folder, 'target'), owners: false }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the top of an archive gets another name, and links within it stay links', async () => {
  const entries: Entry[] = [
    { name: 'top/', type: 'directory' },
    { name: 'top/file', type: 'file', content: 'text' },
    { name: 'top/link', type: 'symlink', linkName: '../elsewhere' },
    { name: 'top/again', type: 'link', linkName: 'top/file' },
  ];
  await unpacking(entries, async (folder, unpacked) => {
    await unpacked;
    assert.equal(readFileSync(join(folder, 'target/again'), 'utf8'), 'text');
    assert.equal(readlinkSync(join(folder, 'target/link')), '../elsewhere');
  });
});

test('nothing is written through a link of the archive, not even through its top', async () => {
  const archives: readonly (readonly Entry[])[] = [
    [
      { name: 'top', type: 'symlink', linkName: 'elsewhere' },
      { name: 'top/file', type: 'file', content: 'text' },
    ],
    [
      { name: 'top/', type: 'directory' },
      { name: 'top/link', type: 'symlink', linkName: '../elsewhere' },
      { name: 'top/link/file', type: 'file', content: 'text' },
    ],
    [
      { name: 'top/', type: 'directory' },
      { name: 'top/../../file', type: 'file', content: 'text' },
    ],
  ];
  for (const entries of archives) {
    await unpacking(entries, async (folder, unpacked) => {
      await assert.rejects(unpacked, { code: 'invalid-argument' });
      assert.deepEqual(readdirSync(join(folder, 'elsewhere')), []);
      assert.equal(existsSync(join(folder, '../file')), false);
    });
  }
});

test('a link that stands where the top comes to be is replaced by a file and refuses a directory', async () => {
  const link = (folder: string) => symlinkSync('elsewhere', join(folder, 'target'));
  const file: Entry = { name: 'top', type: 'file', content: 'text' };
  const replaced = async (folder: string, unpacked: Promise<void>) => {
    await unpacked;
    assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'text');
  };
  await unpacking([file], replaced, link);
  const refused = (_: string, unpacked: Promise<void>) => assert.rejects(unpacked, { code: 'conflict' });
  await unpacking([{ name: 'top/', type: 'directory' }], refused, link);
});
