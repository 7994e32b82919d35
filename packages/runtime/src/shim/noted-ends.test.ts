import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EndNotes, notedEndsPath, readNotedEnds } from './noted-ends.ts';

function place(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fl-ends-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return notedEndsPath(folder);
}

test('ends are read as they were noted, and none of an earlier time', (context) => {
  const path = place(context);
  assert.deepEqual(readNotedEnds(path), new Map(), 'nobody has noted any');
  new EndNotes(path).set('old', { code: 1, exitedAt: new Date(1) });
  const notes = new EndNotes(path);
  const ends = new Map([
    ['web', { code: 4, exitedAt: new Date(1_700_000_000_123) }],
    ['db', { code: 137, exitedAt: new Date(1_700_000_001_000) }],
  ]);
  for (const [id, end] of ends) notes.set(id, end);
  assert.deepEqual(readNotedEnds(path), ends);
});

test('a line that was cut off is no end', (context) => {
  const path = place(context);
  const end = { code: 4, exitedAt: new Date(1_700_000_000_123) };
  new EndNotes(path).set('web', end);
  appendFileSync(path, '{"containerId":"db","co');
  assert.deepEqual(readNotedEnds(path), new Map([['web', end]]));
});
