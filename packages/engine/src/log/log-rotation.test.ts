import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { rotatedFiles } from './log-files.ts';
import type { LogLine } from './log-port.ts';
import { readLog, readLogUpTo } from './log-reader.ts';
import type { LogShape } from './log-shape.ts';
import { LogWriter } from './log-writer.ts';
import { allOf } from './testing/all-of.ts';

const directory = mkdtempSync(join(tmpdir(), 'fl-test-rotation-'));
let logs = 0;

after(() => rmSync(directory, { recursive: true }));

const both = { stdout: true, stderr: true, follow: false };
const newPath = () => join(directory, `${logs++}.log`);
const text = ({ data }: Pick<LogLine, 'data'>) => Buffer.from(data).toString().trimEnd();
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** A log of the lines `1` to `count`, some twelve to a file. */
async function written(count: number, shape: Partial<LogShape>, pause = 1): Promise<string> {
  const path = newPath();
  await using writer = await LogWriter.open(path, { shape: { maxSize: 1000, maxFiles: 3, compress: false, ...shape } });
  for (let index = 1; index <= count; index++) {
    void writer.write({ stream: 'stdout', data: Buffer.from(`${index}\n`) });
    if (index % pause === 0) await writer.flush();
  }
  return path;
}

function entriesIn(path: string): number {
  const bytes = readFileSync(path);
  const content = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  return content.split('\n').length - 1;
}

for (const pause of [1, 1000]) {
  test(`a file ends with the entry that reaches its size, in writes of ${pause} lines`, async () => {
    const path = await written(60, {}, pause);
    assert.deepEqual(
      rotatedFiles(path).map((file) => file.path),
      [`${path}.2`, `${path}.1`],
    );
    for (const file of [`${path}.2`, `${path}.1`]) {
      const { length } = readFileSync(file);
      assert.ok(length >= 1000 && length < 1080, String(length));
    }
    const kept = entriesIn(path) + entriesIn(`${path}.1`) + entriesIn(`${path}.2`);
    const lines = await allOf(readLog(path, both));
    assert.deepEqual(lines.map(text), numbers(61 - kept, 60));
  });
}

test('one file alone begins anew', async () => {
  const path = await written(60, { maxFiles: 1 });
  assert.deepEqual(rotatedFiles(path), []);
  const lines = (await allOf(readLog(path, both))).map(text);
  assert.ok(lines.length < 16);
  assert.equal(lines.at(-1), '60');
});

test('files are compressed, and read as if they were not', async () => {
  const path = await written(60, { compress: true });
  assert.deepEqual(
    rotatedFiles(path).map((file) => file.path),
    [`${path}.2.gz`, `${path}.1.gz`],
  );
  const lines = (await allOf(readLog(path, both))).map(text);
  assert.deepEqual(lines, numbers(61 - lines.length, 60));
  assert.ok(lines.length > 26);
  const names = readdirSync(directory).filter((name) => join(directory, name).startsWith(path));
  assert.equal(names.length, 3);
});

for (const compress of [false, true]) {
  test(`the last lines may be in several files${compress ? ', compressed' : ''}`, async () => {
    const path = await written(60, { compress });
    for (const tail of [0, 1, 12, 13, 14, 20, 26]) {
      const lines = await allOf(readLog(path, { ...both, tail }));
      assert.deepEqual(lines.map(text), numbers(61 - tail, 60), String(tail));
    }
    const all = await allOf(readLog(path, both));
    assert.equal((await allOf(readLog(path, { ...both, tail: 999 }))).length, all.length);
  });
}

test('since a time, files that ended before are not looked at', async () => {
  const path = await written(60, {});
  const all = await allOf(readLog(path, both));
  const since = BigInt(Date.parse(all.at(-1)?.time ?? '')) * 1_000_000n;
  writeFileSync(`${path}.2`, 'would be an error if it were read');
  const lines = await allOf(readLog(path, { ...both, since }));
  assert.equal(lines.map(text).at(-1), '60');
});

test('a log that is opened again goes on with its files', async () => {
  const path = await written(60, {});
  const before = (await allOf(readLog(path, both))).map(text);
  appendFileSync(`${path}.next`, 'left by a crash');
  writeFileSync(`${path}.gz-part`, 'left by a crash');
  {
    await using writer = await LogWriter.open(path, { shape: { maxSize: 1000, maxFiles: 3, compress: false } });
    void writer.write({ stream: 'stdout', data: Buffer.from('61\n') });
  }
  assert.deepEqual((await allOf(readLog(path, both))).map(text), [...before, '61']);
  assert.ok(!existsSync(`${path}.next`) && !existsSync(`${path}.gz-part`));
});

test('a file that was compressed and not yet removed when the program was killed is read once', async () => {
  const path = await written(20, { compress: true });
  const lines = (await allOf(readLog(path, both))).map(text);
  writeFileSync(`${path}.1`, gunzipSync(readFileSync(`${path}.1.gz`)));
  await (await LogWriter.open(path)).close();
  assert.deepEqual((await allOf(readLog(path, both))).map(text), lines);
});

for (const compress of [false, true]) {
  test(`who follows loses nothing when files are followed by others${compress ? ' and compressed' : ''}`, async () => {
    const path = newPath();
    const shape = { maxSize: 3000, maxFiles: 20, compress };
    const writer = await LogWriter.open(path, { shape });
    const followers: Promise<LogLine[]>[] = [];
    for (let index = 1; index <= 700; index++) {
      void writer.write({ stream: 'stdout', data: Buffer.from(`${index}\n`) });
      if (index % 150 === 1) followers.push(allOf(readLog(path, { ...both, follow: true }, writer)));
      if (index % 13 === 0) await turn();
      if (index % 100 === 0) await writer.flush();
    }
    await writer.close();
    assert.ok(writer.generation > 10);
    for (const lines of await Promise.all(followers)) assert.deepEqual(lines.map(text), numbers(1, 700));
  });
}

test('who is too slow for the number of files goes on with the oldest that is left', async () => {
  const path = newPath();
  const writer = await LogWriter.open(path, { shape: { maxSize: 1000, maxFiles: 2, compress: false } });
  const say = (index: number) => void writer.write({ stream: 'stdout', data: Buffer.from(`${index}\n`) });
  say(1);
  const lines = readLog(path, { ...both, follow: true }, writer)[Symbol.asyncIterator]();
  const { value: first = [] } = await lines.next();
  assert.deepEqual(first.map(text), ['1']);
  for (let index = 2; index <= 100; index++) say(index);
  await writer.close();
  const rest: string[] = [];
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) rest.push(...next.value.map(text));
  const jump = rest.findIndex((line, index) => index > 0 && Number(line) !== Number(rest[index - 1]) + 1);
  assert.deepEqual(rest.slice(0, jump), numbers(2, jump + 1));
  assert.deepEqual(rest.slice(jump), numbers(101 - (rest.length - jump), 100));
});

test('who attaches gets the past up to its mark, wherever a file ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(80), fc.nat(80), fc.boolean(), async (before, later, waits) => {
      const path = newPath();
      const writer = await LogWriter.open(path, { shape: { maxSize: 700, maxFiles: 30, compress: false } });
      for (let index = 1; index <= before; index++) {
        void writer.write({ stream: 'stdout', data: Buffer.from(`${index}\n`) });
      }
      if (waits) await writer.flush();
      const past = allOf(readLogUpTo(path, writer.mark(), { stdout: true, stderr: true }));
      for (let index = 1; index <= later; index++)
        void writer.write({ stream: 'stdout', data: Buffer.from('later\n') });
      assert.deepEqual((await past).map(text), numbers(1, before));
      await writer.close();
    }),
    { numRuns: 60 },
  );
});

test('a container that must not wait loses what the disk is behind with', async () => {
  const path = newPath();
  const writer = await LogWriter.open(path, { shape: { maxFiles: 1, compress: false, dropBeyond: 200_000 } });
  // So much that it is left to a thread.
  const data = Buffer.from(`${'x'.repeat(100)}\n`.repeat(30_000));
  for (let index = 0; index < 10; index++) assert.equal(writer.write({ stream: 'stdout', data }), undefined);
  await writer.close();
  const { length } = await allOf(readLog(path, both));
  assert.ok(length > 0 && length < 3 * 30_000, String(length));
});

test('a file that cannot be followed by another one grows on', async () => {
  const path = newPath();
  const failures: unknown[] = [];
  const shape = { maxSize: 1000, maxFiles: 3, compress: false };
  const writer = await LogWriter.open(path, { shape, onFailure: (error) => void failures.push(error) });
  // Somebody else holds the name of the next file.
  writeFileSync(`${path}.next`, '');
  for (let index = 1; index <= 60; index++) void writer.write({ stream: 'stdout', data: Buffer.from(`${index}\n`) });
  await writer.close();
  assert.ok(failures.length > 0);
  assert.deepEqual((await allOf(readLog(path, both))).map(text), numbers(1, 60));
});
