import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { JournalFile } from './journal-file.ts';

let folder: string;

describe('the file of the journal', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-test-journal-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('what was written is there for whoever opens it next', () => {
    const file = new JournalFile<number>(folder);
    [1, 2, 3].forEach((value) => file.append(value));
    file.flush();
    assert.deepEqual(new JournalFile<number>(folder).read(), [1, 2, 3]);
  });

  test('what is appended is on disk after a turn of the event loop', async () => {
    new JournalFile<number>(folder).append(4);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(new JournalFile<number>(folder).read(), [4]);
  });

  test('a line that a crash cut off is passed over, and the next one is whole', () => {
    appendFileSync(join(folder, 'journal.jsonl'), '{"a":1}\n{"a":');
    const file = new JournalFile<{ readonly a: number }>(folder);
    file.append({ a: 3 });
    assert.deepEqual(file.read(), [{ a: 1 }, { a: 3 }]);
  });

  test('it does not grow without end, and keeps the newest', () => {
    const file = new JournalFile<string>(folder, 1000);
    for (let index = 0; index < 500; index++) {
      file.append(`entry ${index}`);
      file.flush();
    }
    const kept = file.read();
    assert.equal(kept.at(-1), 'entry 499');
    assert.ok(kept.length > 70 && kept.length < 200, String(kept.length));
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    assert.ok(sizes.length === 2 && sizes.every((size) => size < 1100), String(sizes));
  });
});
