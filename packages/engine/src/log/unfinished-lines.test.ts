import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEntry } from './log-entry.ts';
import { LogWriter } from './log-writer.ts';
import { takeUnfinishedLines } from './unfinished-lines.ts';

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
  assert.equal(existsSync(`${path}.progress`), false);
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

test('lines that an earlier version left count once, and for the log as it was then', () => {
  const path = newPath();
  const note = (of: { readonly ino: number; readonly size: number }) =>
    writeFileSync(`${path}.unfinished`, `["${of.ino} ${of.size}","\\u0000\xff","two"]\n`, 'latin1');
  writeFileSync(path, 'entry\n');
  const log = statSync(path);
  const lines = [{ stream: 'stdout', data: Buffer.from([0, 0xff]) }, err('two')];
  note(log);
  assert.deepEqual(takeUnfinishedLines(path, log), lines);
  assert.deepEqual(takeUnfinishedLines(path, log), []);
  for (const other of [
    { ...log, ino: log.ino + 1 },
    { ...log, size: log.size + 1 },
  ]) {
    note(other);
    assert.deepEqual(takeUnfinishedLines(path, log), []);
  }
});
