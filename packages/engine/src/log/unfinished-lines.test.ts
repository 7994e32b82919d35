import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEntry } from './log-entry.ts';
import { LogWriter } from './log-writer.ts';
import { UnfinishedLines } from './unfinished-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'fl-test-unfinished-'));
let logs = 0;
const newPath = () => join(directory, `${logs++}.log`);

const abandoned: LogWriter[] = [];

after(async () => {
  for (const writer of abandoned) await writer.close();
  rmSync(directory, { recursive: true });
});

const out = (text: string) => ({ stream: 'stdout', data: Buffer.from(text) }) as const;
const err = (text: string) => ({ stream: 'stderr', data: Buffer.from(text) }) as const;
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((entry) => parseEntry(entry) ?? [])
    .map(({ stream, data }) => `${stream} ${Buffer.from(data)}`);

/** What a program finds that starts after this one was killed: the same files, and a writer that knows nothing. */
async function afterKilling(writer: LogWriter, path: string): Promise<LogWriter> {
  abandoned.push(writer);
  return await LogWriter.open(path);
}

test('a line that was unfinished when the program was killed is finished by the next one', async () => {
  const path = newPath();
  const first = await LogWriter.open(path);
  void first.write(out('one\ntw'));
  void first.write(err('é without end'));
  const second = await afterKilling(first, path);
  void second.write(out('o\nthree\n'));
  await second.close();
  assert.deepEqual(linesOf(path), ['stdout one\n', 'stdout two\n', 'stdout three\n', 'stderr é without end']);
  assert.equal(existsSync(`${path}.unfinished`), false);
});

test('what was finished meanwhile is not read again', async () => {
  const path = newPath();
  const first = await LogWriter.open(path);
  void first.write(out('hal'));
  void first.write(out('f\n'));
  const second = await afterKilling(first, path);
  await second.close();
  assert.deepEqual(linesOf(path), ['stdout half\n']);
});

test('a line stays unfinished while the other stream goes on', async () => {
  const path = newPath();
  const first = await LogWriter.open(path);
  void first.write(out('prompt> '));
  void first.write(err('warning\n'));
  const second = await afterKilling(first, path);
  await second.close();
  assert.deepEqual(linesOf(path), ['stderr warning\n', 'stdout prompt> ']);
});

test('lines of another log, or of the same one as it was before, do not count', () => {
  const path = newPath();
  const lines = new UnfinishedLines(path);
  appendFileSync(path, 'entry\n');
  const log = openSync(path, 'r');
  const bytes = { stream: 'stdout', data: Buffer.from([0, 10, 0xff, 0x80]) } as const;
  lines.keep(log, [bytes]);
  assert.deepEqual(lines.read(log), [bytes]);
  copyFileSync(path, `${path}.copy`);
  const other = openSync(`${path}.copy`, 'r');
  assert.deepEqual(lines.read(other), []);
  appendFileSync(path, 'entry\n');
  assert.deepEqual(lines.read(log), []);
  for (const descriptor of [log, other]) closeSync(descriptor);
  lines.remove();
});

test('of a line that outgrows a page the beginning is kept', () => {
  const path = newPath();
  appendFileSync(path, 'entry\n');
  const log = openSync(path, 'r');
  const lines = new UnfinishedLines(path);
  lines.keep(log, [out('short')]);
  lines.keep(log, [out(`short${'x'.repeat(5000)}`)]);
  assert.deepEqual(lines.read(log), [out('short')]);
  closeSync(log);
  lines.remove();
});
