import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { extract } from 'tar-stream';
import { collected } from '../testing/memory-target.ts';
import { tarEntries } from './tar-entries.ts';
import { type TarFile, tarEnd, tarHeader, tarPadding } from './tar-writer.ts';

const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, major: 0, minor: 0 };
const long = 'directory/'.repeat(30);

const files: readonly (TarFile & { readonly content?: string })[] = [
  { name: 'dir/', type: 'directory', attributes: { ...plain, mode: 0o1777 } },
  { name: 'dir/file', type: 'file', attributes: { ...plain, uid: 1000, gid: 100 }, content: 'hello' },
  { name: 'dir/again', type: 'link', attributes: plain, linkName: 'dir/file' },
  { name: 'dir/link', type: 'symlink', attributes: { ...plain, mode: 0o777 }, linkName: '../../x' },
  { name: 'null', type: 'character-device', attributes: { ...plain, major: 1, minor: 3 } },
  { name: 'disk', type: 'block-device', attributes: { ...plain, major: 8, minor: 300 } },
  { name: 'pipe', type: 'fifo', attributes: plain },
  { name: `${'d'.repeat(90)}/${'e'.repeat(90)}`, type: 'file', attributes: plain, content: 'in two fields' },
  { name: `${long}end`, type: 'file', attributes: plain, content: 'a long name' },
  { name: 'far', type: 'symlink', attributes: plain, linkName: `${long}end` },
  { name: 'big-ids', type: 'file', attributes: { ...plain, uid: 3_000_000, gid: 4_294_967_294 }, content: '' },
  { name: 'before', type: 'file', attributes: { ...plain, mtime: -5 }, content: '' },
  { name: 'caf\xc3\xa9', type: 'file', attributes: plain, content: 'UTF-8' },
  { name: 'no-utf8-\xff', type: 'file', attributes: plain, content: 'bytes' },
  {
    name: 'ping',
    type: 'file',
    attributes: { ...plain, mode: 0o4755 },
    xattrs: new Map([['security.capability', '\x01\0\0\x02\0 \0\0\0\0\0\0\0\0\0\0\0\xff\n']]),
    content: 'x',
  },
];

async function* written(): AsyncGenerator<Uint8Array> {
  for (const { content = '', ...file } of files) {
    yield tarHeader({ ...file, size: content.length });
    yield Buffer.from(content);
    yield tarPadding(content.length);
  }
  yield tarEnd;
}

test('what is written is read again as it was', async () => {
  const read: unknown[] = [];
  for await (const { name, type, attributes, linkName, xattrs, content } of tarEntries(written(), 'latin1')) {
    read.push({ name, type, attributes, linkName, xattrs, content: (await collected(content)).toString() });
  }
  const wanted = files.map((file) => ({ linkName: '', xattrs: new Map<string, string>(), content: '', ...file }));
  assert.deepEqual(read, wanted);
});

test('another reader sees the same names, types and contents', async () => {
  const archive = Buffer.concat(await Array.fromAsync(written()));
  const names: string[] = [];
  for await (const entry of Readable.from([archive]).pipe(extract())) {
    names.push(`${entry.header.type} ${entry.header.name}`);
    entry.resume();
  }
  assert.deepEqual(
    names,
    files.map(({ type, name }) => `${type} ${Buffer.from(name, 'latin1').toString()}`),
  );
  assert.equal(archive.length % 512, 0);
});

test('a record counts the digits of its own length', () => {
  for (const length of [88, 89, 90, 91, 92, 985, 986, 987, 988, 989, 990]) {
    const xattrs = new Map([['user.x', 'v'.repeat(length)]]);
    const header = tarHeader({ name: 'f', type: 'file', attributes: plain, xattrs }).toString('latin1');
    const [record = '', digits] = /(\d+) SCHILY[^\n]*\n/.exec(header) ?? [];
    assert.equal(Number(digits), record.length, `${length}`);
  }
});
