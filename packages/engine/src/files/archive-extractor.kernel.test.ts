import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr } from '@fairlead/kernel';
import { type TarFile, tarEnd, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { ArchiveExtractor } from './archive-extractor.ts';
import { below, O_PATH } from './file-calls.ts';
import { TreePacker } from './tree-packer.ts';

const calls = { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr };
let folder: string;
let root: number;
const outside = (name = '') => join(folder, 'outside', name);
const inside = (name = '') => join(folder, 'root', name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-extract-'));
  mkdirSync(outside());
  writeFileSync(outside('victim'), 'untouched');
  mkdirSync(inside('tmp'), { recursive: true });
  root = openSync(inside(), O_PATH | constants.O_DIRECTORY);
});

afterEach(() => {
  assert.deepEqual(readdirSync(outside()), ['victim']);
  assert.equal(readFileSync(outside('victim'), 'utf8'), 'untouched');
  assert.equal(lstatSync(outside('victim')).mode & 0o777, 0o644);
  closeSync(root);
  rmSync(folder, { recursive: true });
});

const attributes = { mode: 0o600, uid: 0, gid: 0, mtime: 1_600_000_000, major: 0, minor: 0 };
type Part = Omit<TarFile, 'attributes'> & {
  readonly attributes?: Partial<TarFile['attributes']>;
  readonly text?: string;
};

async function* archiveOf(...files: readonly Part[]): AsyncGenerator<Uint8Array> {
  for (const { text = '', ...file } of files) {
    yield tarHeader({ ...file, attributes: { ...attributes, ...file.attributes }, size: text.length });
    yield Buffer.from(text);
    yield tarPadding(text.length);
  }
  yield tarEnd;
}

const extract = (archive: AsyncIterable<Uint8Array>, options: { keepKinds?: boolean; path?: string } = {}) =>
  new ArchiveExtractor(calls, { root, path: '/tmp', keepKinds: false, ...options }).extract(archive);

test('links in an archive do not lead its files out of the root', async () => {
  for (const linkName of ['../../outside', outside()]) {
    const link: Part = { name: 'link', type: 'symlink', linkName };
    const through: Part = { name: 'link/victim', type: 'file', text: 'x', attributes: { mode: 0o777 } };
    await assert.rejects(extract(archiveOf(link, through)), { code: 'EEXIST' });
    const place = linkName.replaceAll('../', '');
    mkdirSync(inside(place), { recursive: true });
    await extract(archiveOf(link, through));
    assert.equal(readFileSync(inside(`${place}/victim`), 'utf8'), 'x');
  }
});

test('an archive that names what is outside of its directory is refused', async () => {
  for (const name of ['../victim', 'a/../../victim']) {
    await assert.rejects(extract(archiveOf({ name, type: 'file', text: 'x' })), { message: /is outside of "\/tmp"/ });
  }
  const hard = archiveOf({ name: 'hard', type: 'link', linkName: '../../outside/victim' });
  await assert.rejects(extract(hard), { message: /is outside of/ });
  assert.deepEqual(readdirSync(inside('tmp')), []);
});

test('a hard link through a link is to a file of the root', async () => {
  const files = archiveOf(
    { name: 'out', type: 'symlink', linkName: '../../outside' },
    { name: 'hard', type: 'link', linkName: 'out/victim' },
    { name: 'file', type: 'file', text: 'x' },
  );
  await assert.rejects(extract(files));
  assert.equal(existsSync(inside('tmp/hard')), false);
});

test('what stands in the way is replaced by itself, not by what it points to', async () => {
  symlinkSync(outside('victim'), inside('tmp/file'));
  mkdirSync(inside('tmp/directory'));
  symlinkSync(outside(), inside('tmp/directory/link'));
  await extract(
    archiveOf({ name: 'file', type: 'file', text: 'new' }, { name: 'directory', type: 'file', text: 'a file now' }),
  );
  assert.equal(readFileSync(inside('tmp/file'), 'utf8'), 'new');
  assert.equal(readFileSync(inside('tmp/directory'), 'utf8'), 'a file now');
});

test('kinds are kept when that is asked for', async () => {
  mkdirSync(inside('tmp/directory'));
  writeFileSync(inside('tmp/file'), '');
  for (const [file, words] of [
    [{ name: 'directory', type: 'file' }, /cannot overwrite directory "directory" with non-directory "\/tmp"/],
    [{ name: 'file/', type: 'directory' }, /cannot overwrite non-directory "file" with directory "\/tmp"/],
  ] as const) {
    await assert.rejects(extract(archiveOf(file), { keepKinds: true }), { code: 'invalid-argument', message: words });
  }
});

test('every kind of file comes out of an archive as it went in', async () => {
  const files: readonly Part[] = [
    { name: 'dir/', type: 'directory', attributes: { mode: 0o1750, uid: 5, gid: 6 } },
    { name: 'dir/caf\xc3\xa9', type: 'file', text: 'content', attributes: { mode: 0o6755, uid: 1000, gid: 1000 } },
    { name: 'dir/link', type: 'symlink', linkName: '../nowhere', attributes: { mode: 0o777, uid: 7 } },
    { name: 'dir/null', type: 'character-device', attributes: { major: 1, minor: 3 } },
    { name: 'dir/pipe', type: 'fifo' },
    {
      name: 'dir/ping',
      type: 'file',
      text: 'x',
      xattrs: new Map([['security.capability', '\x01\0\0\x02\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0']]),
    },
    { name: 'dir/zero\xff', type: 'link', linkName: 'dir/ping' },
  ];
  await extract(archiveOf(...files));
  assert.equal(readlinkSync(inside('tmp/dir/link')), '../nowhere');
  const format = ['-c', '%A %u:%g %Y', inside('tmp/dir'), inside('tmp/dir/café'), inside('tmp/dir/link')];
  assert.deepEqual(execFileSync('stat', format, { encoding: 'utf8' }).trim().split('\n'), [
    'drwxr-x--T 5:6 1600000000',
    '-rwsr-sr-x 1000:1000 1600000000',
    'lrwxrwxrwx 7:0 1600000000',
  ]);
  assert.equal(execFileSync('stat', ['-c', '%t %T', inside('tmp/dir/null')], { encoding: 'utf8' }), '1 3\n');
  const directory = openSync(inside('tmp/dir'), O_PATH);
  try {
    const packed = Buffer.concat(await Array.fromAsync(new TreePacker(calls).pack(below(directory, ''), 'dir')));
    rmSync(inside('tmp/dir'), { recursive: true });
    await extract(single(Buffer.concat([packed, tarEnd])));
  } finally {
    closeSync(directory);
  }
  const again = openSync(inside('tmp/dir'), O_PATH);
  try {
    const packed = Buffer.concat(await Array.fromAsync(new TreePacker(calls).pack(below(again, ''), 'dir')));
    assert.equal(lstatSync(inside('tmp/dir/ping')).nlink, 2);
    assert.ok(packed.includes('SCHILY.xattr.security.capability'));
  } finally {
    closeSync(again);
  }
});

test('parents that an archive leaves out are made', async () => {
  await extract(archiveOf({ name: 'a/b/c', type: 'file', text: 'deep' }));
  assert.equal(readFileSync(inside('tmp/a/b/c'), 'utf8'), 'deep');
  assert.equal(lstatSync(inside('tmp/a')).mode & 0o777, 0o755);
});

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('what is mounted in a container is not replaced, nor taken off', async () => {
  for (const name of ['etc/file', 'etc/folder/inner']) {
    mkdirSync(dirname(inside(name)), { recursive: true });
    writeFileSync(inside(name), 'beneath');
  }
  mkdirSync(join(folder, 'volume'));
  for (const name of ['mounted', 'volume/kept']) writeFileSync(join(folder, name), 'mounted');
  mkdirSync(join(folder, 'place'));
  const tree = openMountTree(join(folder, 'place'), {
    layers: [{ type: 'bind', source: inside(), options: ['rbind', 'rw'] }],
    readOnly: false,
    binds: [
      { source: join(folder, 'mounted'), target: '/etc/file', readOnly: false },
      { source: join(folder, 'volume'), target: '/etc/folder', readOnly: false },
    ],
  });
  const seen = (name: string) => readFileSync(below(tree, name), 'utf8');
  try {
    for (const name of ['file', 'folder']) {
      const message = `unlinkat /etc/${name}: device or resource busy`;
      const into = new ArchiveExtractor(calls, { root: tree, path: '/etc', keepKinds: false });
      await assert.rejects(into.extract(archiveOf({ name, type: 'file', text: 'new' })), { message });
    }
    const beside = new ArchiveExtractor(calls, { root: tree, path: '/etc', keepKinds: true });
    await beside.extract(
      archiveOf({ name: 'folder/', type: 'directory' }, { name: 'folder/kept', type: 'file', text: 'new' }),
    );
    assert.deepEqual([seen('etc/file'), seen('etc/folder/kept')], ['mounted', 'new']);
    assert.equal(readFileSync(inside('etc/file'), 'utf8'), 'beneath');
  } finally {
    closeSync(tree);
  }
});
