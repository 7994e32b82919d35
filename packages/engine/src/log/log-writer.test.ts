import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { DiskPace } from './disk-pace.ts';
import type { LogLine } from './log-port.ts';
import { readLog, readLogUpTo } from './log-reader.ts';
import { LogWriter } from './log-writer.ts';
import { allOf } from './testing/all-of.ts';

const directory = mkdtempSync(join(tmpdir(), 'fl-test-log-'));
let files = 0;

after(() => rmSync(directory, { recursive: true }));

function newPath(): string {
  return join(directory, `${files++}.log`);
}

async function write(
  path: string,
  chunks: readonly (readonly [stream: 'stdout' | 'stderr', text: string | Uint8Array])[],
) {
  await using writer = await LogWriter.open(path);
  for (const [stream, data] of chunks) await writer.write({ stream, data: Buffer.from(data) });
}

function texts(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the file ends with a newline');
  return lines.map((line): { log: string } => JSON.parse(line)).map(({ log }) => log);
}

function readAll(path: string): Promise<LogLine[]> {
  return allOf(readLog(path, { stdout: true, stderr: true, follow: false }));
}

test('entries are written as Docker writes them', async () => {
  const path = newPath();
  await write(path, [['stdout', 'a "b"\n']]);
  const format = /^\{"log":"a \\"b\\"\\n","stream":"stdout","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"\}\n$/;
  assert.match(readFileSync(path, 'utf8'), format);
});

test('the streams do not run into each other', async () => {
  const path = newPath();
  await write(path, [
    ['stdout', 'one '],
    ['stderr', 'bad\n'],
    ['stdout', 'line\nrest'],
  ]);
  const lines = (await readAll(path)).map(({ stream, data }) => [stream, Buffer.from(data).toString()]);
  assert.deepEqual(lines, [
    ['stderr', 'bad\n'],
    ['stdout', 'one line\n'],
    ['stdout', 'rest'],
  ]);
});

test('all pieces of a line have the time of the first', async () => {
  const path = newPath();
  await using writer = await LogWriter.open(path);
  void writer.write({ stream: 'stdout', data: Buffer.alloc(20_000, 'x') });
  await writer.flush();
  void writer.write({ stream: 'stdout', data: Buffer.from('end\nnext\n') });
  await writer.flush();
  const [first, second, next] = await readAll(path);
  assert.equal(first?.data.length, 16_384);
  assert.equal(second?.time, first?.time);
  assert.ok(next && first && next.time > first.time);
});

test('any text in any chunks comes out again, each stream in order', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', 'x'.repeat(16_384), 'é'.repeat(9000)));
  const chunk = fc.tuple(fc.constantFrom('stdout' as const, 'stderr' as const), text, fc.nat());
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 30 }), async (chunks) => {
      const path = newPath();
      const halves = chunks.flatMap(([stream, whole, cut]) => {
        const bytes = Buffer.from(whole);
        const middle = cut % (bytes.length + 1);
        return [[stream, bytes.subarray(0, middle)] as const, [stream, bytes.subarray(middle)] as const];
      });
      await write(path, halves);
      const lines = await readAll(path);
      for (const stream of ['stdout', 'stderr'] as const) {
        const written = chunks.filter(([name]) => name === stream).map(([, whole]) => Buffer.from(whole));
        const read = lines.filter((line) => line.stream === stream).map(({ data }) => data);
        assert.deepEqual(Buffer.concat(read), Buffer.concat(written));
        for (const data of read) assert.ok(!data.subarray(0, -1).includes(10), 'a line is one line');
      }
      rmSync(path);
    }),
    { numRuns: 50 },
  );
});

test('a large piece of plain lines with others among them comes out again, line by line', async () => {
  const plain = 'plain text\n'.repeat(4000);
  const others = ['back\\slash\n', `${'x'.repeat(40_000)}\n`, 'tab\t<é>\n', '\n', `${'y'.repeat(16_384)}\n`];
  const text = `${others.map((other) => plain + other).join('')}rest`;
  const path = newPath();
  await write(path, [['stdout', text]]);
  const lines = await readAll(path);
  assert.equal(Buffer.concat(lines.map(({ data }) => data)).toString(), text);
  assert.equal(lines.filter(({ data }) => data.toString() === 'plain text\n').length, 20_000);
});

test('a log that is opened again goes on', async () => {
  const path = newPath();
  await write(path, [['stdout', 'one\n']]);
  await write(path, [['stdout', 'two\n']]);
  assert.deepEqual(texts(path), ['one\n', 'two\n']);
});

test('an entry that was torn at any place is taken away, and one that lacks only its newline is kept', async () => {
  const path = newPath();
  await write(path, [['stdout', 'one\ntwo\n']]);
  const whole = readFileSync(path);
  const second = whole.indexOf('\n') + 1;
  for (let length = second; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    await write(path, [['stdout', 'three\n']]);
    assert.deepEqual(texts(path), length === whole.length - 1 ? ['one\n', 'two\n', 'three\n'] : ['one\n', 'three\n']);
  }
});

test('what a pipe gives at a time is in the file before anything else happens, as long as the disk is quick', async () => {
  const path = newPath();
  let milliseconds = 0;
  await using writer = await LogWriter.open(path, { pace: new DiskPace(() => milliseconds) });
  let written = 0;
  for (const count of [1, 1, 100, 10_000, 50_000]) {
    assert.equal(writer.write({ stream: 'stdout', data: Buffer.from('line\n'.repeat(count)) }), undefined);
    written += count;
    assert.equal(texts(path).length, written);
  }
  const slow = new DiskPace(() => (milliseconds += 100));
  await using waiting = await LogWriter.open(newPath(), { pace: slow });
  void waiting.write({ stream: 'stdout', data: Buffer.from('line\n') });
  assert.ok(waiting.write({ stream: 'stdout', data: Buffer.from('line\n') }) instanceof Promise);
});

test('when more arrives in one turn it is one write', async () => {
  const path = newPath();
  await using writer = await LogWriter.open(path);
  let appends = 0;
  writer.onAppend(() => appends++);
  const data = Buffer.from('line\n'.repeat(80_000));
  for (let count = 0; count < 3; count++) void writer.write({ stream: 'stdout', data });
  await writer.flush();
  assert.equal(appends, 1);
  assert.equal(texts(path).length, 240_000);
});

test('the container has to wait while the disk is behind', async () => {
  const path = newPath();
  await using writer = await LogWriter.open(path);
  const data = Buffer.from(`${'x'.repeat(1000)}\n`.repeat(4000));
  const room = writer.write({ stream: 'stdout', data });
  assert.ok(room instanceof Promise);
  await room;
  assert.equal(texts(path).length, 4000);
});

test('a disk that is full is told of and does not stop the container', async () => {
  const failures: unknown[] = [];
  const writer = await LogWriter.open('/dev/full', { onFailure: (error) => void failures.push(error) });
  void writer.write({ stream: 'stdout', data: Buffer.from('lost\n') });
  await writer.flush();
  void writer.write({ stream: 'stdout', data: Buffer.from('lost too\n') });
  await writer.close();
  assert.deepEqual(
    failures.map((error) => error instanceof Error && 'code' in error && error.code),
    ['ENOSPC', 'ENOSPC'],
  );
});

test('an administrator can empty the log of a running container', async () => {
  const path = newPath();
  await using writer = await LogWriter.open(path);
  void writer.write({ stream: 'stdout', data: Buffer.from('old\n') });
  await writer.flush();
  truncateSync(path);
  void writer.write({ stream: 'stdout', data: Buffer.from('new\n') });
  await writer.flush();
  assert.deepEqual(texts(path), ['new\n']);
});

test('what is no entry is passed over', async () => {
  const path = newPath();
  await write(path, [['stdout', 'one\n']]);
  appendFileSync(path, '\0\0\0\n{"log":1}\nnull\n');
  await write(path, [['stdout', 'two\n']]);
  assert.deepEqual(
    (await readAll(path)).map(({ data }) => Buffer.from(data).toString()),
    ['one\n', 'two\n'],
  );
});

test('what is read up to a mark and what comes after it are the whole, each byte once', async () => {
  const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constant('line\n'), fc.constant('x'.repeat(20_000)));
  const chunk = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), text, waits: fc.boolean() });
  const chunks = fc.array(chunk, { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(chunks, chunks, async (before, after) => {
      const path = newPath();
      const writer = await LogWriter.open(path);
      const write = async (all: typeof before) => {
        for (const { stream, text, waits } of all) {
          void writer.write({ stream, data: Buffer.from(text) });
          if (waits) await writer.flush();
        }
      };
      await write(before);
      const past = allOf(readLogUpTo(path, writer.mark(), { stdout: true, stderr: true }));
      await write(after);
      await writer.close();
      for (const name of ['stdout', 'stderr'] as const) {
        const said = before.filter(({ stream }) => stream === name).map(({ text }) => text);
        const heard = (await past).filter(({ stream }) => stream === name).map(({ data }) => data);
        assert.equal(Buffer.concat(heard).toString(), said.join(''), name);
      }
    }),
    { numRuns: 200 },
  );
});
