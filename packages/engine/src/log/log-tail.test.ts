import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTail } from './log-tail.ts';

async function tail(content: string, count: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fl-test-tail-'));
  try {
    await writeFile(join(directory, 'log'), content);
    await using file = await open(join(directory, 'log'));
    const { offset, missing } = await findTail(file, content.length, count);
    assert.equal(missing, Math.max(0, count - content.split('\n').length + 1));
    return content.slice(offset);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const long = `${'x'.repeat(70_000)}\n`;

for (const [what, content, count, rest] of [
  ['an empty file has no lines', '', 3, ''],
  ['fewer lines than wanted are all lines', 'a\nb\n', 3, 'a\nb\n'],
  ['just as many as wanted', 'a\nb\n', 2, 'a\nb\n'],
  ['fewer than there are', 'a\nb\nc\n', 2, 'b\nc\n'],
  ['none', 'a\nb\n', 0, ''],
  ['a torn line comes after the whole ones', 'a\nb\nc', 1, 'b\nc'],
  ['a torn line alone, none wanted', 'c', 0, 'c'],
  ['empty lines', '\n\n\n', 2, '\n\n'],
  ['lines longer than a block', `a\n${long}${long}`, 2, `${long}${long}`],
  ['a newline at the very start', `\n${long}`, 1, long],
] as const) {
  test(`the end of a log: ${what}`, async () => assert.equal(await tail(content, count), rest));
}
