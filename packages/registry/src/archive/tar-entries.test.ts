import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { collected, single } from '../testing/memory-target.ts';
import { tarOf } from '../testing/sample-image.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';
import { checksum } from './tar-header.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-writer.ts';

const archive = await tarOf({
  './a': { content: 'first' },
  '/dir/b': { content: 'x'.repeat(200_000) },
  link: { linkTo: '../a' },
});

/** Where a header has its type and its checksum (POSIX.1-1988 ustar). */
const [flagOffset, checksumOffset] = [156, 148];

/** In pieces that fit no block, as a network delivers them. */
async function* pieces(bytes: Uint8Array, size = 777): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

it('an archive that arrives in pieces gives its entries in order', async () => {
  const seen: [string, TarEntry['type'], number, string][] = [];
  for await (const { name, type, content, linkName } of tarEntries(pieces(archive))) {
    seen.push([name, type, (await collected(content)).length, linkName]);
  }
  assert.deepEqual(seen, [
    ['a', 'file', 5, ''],
    ['dir/b', 'file', 200_000, ''],
    ['link', 'symlink', 0, '../a'],
  ]);
});

it('content that nobody reads is passed over', async () => {
  const names: string[] = [];
  for await (const { name } of tarEntries(pieces(archive))) names.push(name);
  assert.deepEqual(names, ['a', 'dir/b', 'link']);
});

it('a reader that leaves early ends the source', async () => {
  let ended = false;
  async function* source() {
    try {
      yield* pieces(archive);
    } finally {
      ended = true;
    }
  }
  for await (const entry of tarEntries(source())) if (entry.name === 'dir/b') break;
  assert.ok(ended);
});

it('an error of the source reaches whoever reads the content', async () => {
  async function* broken() {
    yield archive.subarray(0, 3000);
    throw new Error('connection lost');
  }
  const read = async () => {
    for await (const { content } of tarEntries(broken())) await collected(content);
  };
  await assert.rejects(read, { message: 'connection lost' });
});

it('names and sizes that do not fit into a header are read from an extended one', async () => {
  const name = `${'long/'.repeat(60)}name`;
  const linkTo = `../${'far/'.repeat(60)}away`;
  for await (const entry of tarEntries(single(await tarOf({ [name]: { content: 'text' } })))) {
    assert.equal(entry.name, name);
    assert.equal(Buffer.from(await collected(entry.content)).toString(), 'text');
  }
  for await (const entry of tarEntries(single(await tarOf({ link: { linkTo } })))) {
    assert.deepEqual([entry.type, entry.linkName], ['symlink', linkTo]);
  }
});

it('names in GNU’s own form are read too', async () => {
  const name = 'n'.repeat(150);
  const gnu = spawnSync('tar', ['--format=gnu', '-c', '--transform', `s/.*/${name}/`, '-f', '-', import.meta.filename]);
  const names: string[] = [];
  for await (const entry of tarEntries(single(gnu.stdout))) names.push(entry.name);
  assert.deepEqual(names, [name]);
});

it('an archive that is cut off within a header is refused', async () => {
  const read = async () => {
    for await (const { content } of tarEntries(single(archive.subarray(0, 700)))) await collected(content);
  };
  await assert.rejects(read, { code: 'invalid-argument', message: /^invalid tar archive: / });
});

it('an archive that ends with its last file is whole, and one that ends in its padding is not', async () => {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };
  const file = [
    tarHeader({ name: 'Dockerfile', type: 'file', attributes, size: 5 }),
    Buffer.from('FROM '),
    tarPadding(5),
  ];
  const whole = Buffer.concat(file);
  for (const reads of [true, false]) {
    const names = async (length: number) => {
      const found: string[] = [];
      for await (const { name, content } of tarEntries(single(whole.subarray(0, length)))) {
        if (reads) await collected(content);
        found.push(name);
      }
      return found;
    };
    for (const length of [whole.length, 512 + 5]) assert.deepEqual(await names(length), ['Dockerfile']);
    for (const length of [512 + 4, 512 + 6]) await assert.rejects(names(length), { message: /unexpected EOF/ });
  }
});

/** An archive of one empty file behind extended headers that hold these bytes. */
function withExtensions(...contents: readonly string[]): Uint8Array {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };
  const extensions = contents.flatMap((content) => {
    const header = tarHeader({ name: 'x', type: 'file', attributes, size: Buffer.byteLength(content) });
    header.set(Buffer.from('x'), flagOffset);
    header.set(Buffer.from(`${checksum(header).toString(8).padStart(6, '0')}\0 `), checksumOffset);
    return [header, Buffer.from(content), tarPadding(Buffer.byteLength(content))];
  });
  return Buffer.concat([...extensions, tarHeader({ name: 'file', type: 'file', attributes, size: 0 }), tarEnd]);
}

it('extended headers are taken for what they say, and those that cannot be true are refused', async () => {
  const read = async (...contents: readonly string[]) => {
    const entries: TarEntry[] = [];
    for await (const entry of tarEntries(single(withExtensions(...contents)))) entries.push(entry);
    return entries.map(({ name, attributes }) => `${name} ${attributes.uid}`);
  };
  assert.deepEqual(await read('13 path=over\n', '9 uid=70\n'), ['over 70']);
  const problems: Readonly<Record<string, string>> = {
    '0 path=a\n': 'wrong pax header',
    '8 path=a\n': 'wrong pax header',
    '99 path=a\n': 'wrong pax header',
    'path=a\n': 'wrong pax header',
    '12 size=-51\n': 'wrong size',
    '12 size=1e3\n': 'wrong size',
  };
  for (const [records, problem] of Object.entries(problems)) {
    await assert.rejects(read(records), { code: 'invalid-argument', message: `invalid tar archive: ${problem}` });
  }
  const half = `600000 comment=${'.'.repeat(600_000 - '600000 comment=\n'.length)}\n`;
  await assert.rejects(read(half, half), { message: 'invalid tar archive: extended header is too large' });
});
