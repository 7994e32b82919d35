import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogLine, LogOptions } from './log-port.ts';
import { readLog } from './log-reader.ts';
import { LogWriter } from './log-writer.ts';
import { allOf } from './testing/all-of.ts';

const directory = mkdtempSync(join(tmpdir(), 'fl-test-log-'));
const path = join(directory, 'sample.log');
let files = 0;

after(() => rmSync(directory, { recursive: true }));

const both = { stdout: true, stderr: true, follow: false };
const second = 1_000_000_000n;

writeFileSync(
  path,
  [1, 2, 3, 4, 5]
    .map((count) => {
      const stream = count % 2 === 0 ? 'stderr' : 'stdout';
      return `${JSON.stringify({ log: `${count}\n`, stream, time: `1970-01-01T00:00:0${count}Z` })}\n`;
    })
    .join(''),
);

function text({ data }: LogLine): string {
  return Buffer.from(data).toString().trimEnd();
}

/** What a reader got at a time. */
function textOf({ value }: IteratorResult<readonly LogLine[]>): string {
  return value.map(text).join(' ');
}

async function read(options: Partial<LogOptions>): Promise<string> {
  return (await allOf(readLog(path, { ...both, ...options }))).map(text).join(' ');
}

for (const [what, options, lines] of [
  ['everything', {}, '1 2 3 4 5'],
  ['only standard output', { stderr: false }, '1 3 5'],
  ['only error output', { stdout: false }, '2 4'],
  ['the last two', { tail: 2 }, '4 5'],
  ['the last none', { tail: 0 }, ''],
  ['more than there are', { tail: 9 }, '1 2 3 4 5'],
  ['a negative tail is all', { tail: -1 }, '1 2 3 4 5'],
  ['a tail counts both streams', { tail: 2, stdout: false }, '4'],
  ['since a time, that included', { since: 3n * second }, '3 4 5'],
  ['since a nanosecond later', { since: 3n * second + 1n }, '4 5'],
  ['until a time, that included', { until: 3n * second }, '1 2 3'],
  ['between two times', { since: 2n * second, until: 4n * second }, '2 3 4'],
  ['following without a writer ends', { follow: true }, '1 2 3 4 5'],
] as const) {
  test(`a log gives ${what}`, async () => assert.equal(await read(options), lines));
}

test('times have nine digits', async () => {
  const [line] = await allOf(readLog(path, both));
  assert.equal(line?.time, '1970-01-01T00:00:01.000000000Z');
});

test('a log that does not exist is empty', async () => {
  assert.deepEqual(await allOf(readLog(join(directory, 'none'), both)), []);
});

async function growing(): Promise<{ file: string; writer: LogWriter; say: (text: string) => void }> {
  const file = join(directory, `${files++}.log`);
  const writer = await LogWriter.open(file);
  return { file, writer, say: (line) => void writer.write({ stream: 'stdout', data: Buffer.from(line) }) };
}

test('what was taken in is read although it is not on the disk yet', async () => {
  const { file, writer, say } = await growing();
  say('one\n');
  assert.deepEqual((await allOf(readLog(file, both, writer))).map(text), ['one']);
  await writer.close();
});

test('followers get every line once, whenever they come, and end when the log is closed', async () => {
  const { file, writer, say } = await growing();
  const count = 2000;
  const followers: Promise<LogLine[]>[] = [];
  for (let index = 0; index < count; index++) {
    say(`${index}\n`);
    if (index % 400 === 0) followers.push(allOf(readLog(file, { ...both, follow: true }, writer)));
    if (index % 7 === 0) await turn();
  }
  say('rest');
  await writer.close();
  const expected = [...Array.from({ length: count }, (_, index) => String(index)), 'rest'];
  for (const lines of await Promise.all(followers)) assert.deepEqual(lines.map(text), expected);
});

test('a follower of the last lines goes on with what comes', async () => {
  const { file, writer, say } = await growing();
  say('1\n2\n3\n');
  await writer.flush();
  const lines = readLog(file, { ...both, follow: true, tail: 1 }, writer)[Symbol.asyncIterator]();
  assert.equal(textOf(await lines.next()), '3');
  const next = lines.next();
  say('4\n');
  assert.equal(textOf(await next), '4');
  await writer.close();
  assert.equal((await lines.next()).done, true);
});

test('a follower that has read all there is ends at once when the log was closed before', async () => {
  const { file, writer, say } = await growing();
  say('1\n');
  await writer.close();
  assert.deepEqual((await allOf(readLog(file, { ...both, follow: true }, writer))).map(text), ['1']);
});

test('a follower can leave while it waits', async () => {
  const { file, writer } = await growing();
  const lines = readLog(file, { ...both, follow: true }, writer)[Symbol.asyncIterator]();
  const next = lines.next();
  await turn();
  await lines.return?.();
  assert.equal((await next).done, true);
  await writer.close();
});

test('a follower goes on from the start of a log that was emptied', async () => {
  const { file, writer, say } = await growing();
  say('a long line that will be gone\n');
  const lines = readLog(file, { ...both, follow: true }, writer)[Symbol.asyncIterator]();
  await lines.next();
  const next = lines.next();
  await writer.flush();
  truncateSync(file);
  say('x\n');
  assert.equal(textOf(await next), 'x');
  await writer.close();
  assert.equal((await lines.next()).done, true);
});
