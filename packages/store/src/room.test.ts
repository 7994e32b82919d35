import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Store } from './store.ts';

test('room is held in the file and its log, and beside them while they are closed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fl-room-'));
  const path = join(directory, 'state.db');
  const sizes = () => [path, `${path}-wal`, `${path}-shm`].map((name) => statSync(name).size);
  try {
    for (const start of ['first', 'second']) {
      using store = Store.open(path);
      store.holdRoom();
      assert.ok(!existsSync(`${path}-room`));
      const before = sizes();
      const notes = store.collection<{ readonly id: string; readonly text: string }>('note');
      for (let n = 0; n < 1000; n++) notes.put({ id: `${n % 30}`, text: start.repeat(1000) });
      assert.deepEqual(sizes(), before, 'what is written goes where something was');
    }
    assert.ok(!existsSync(`${path}-wal`));
    assert.ok(statSync(`${path}-room`).size >= 1 << 20);
    assert.equal(statSync(`${path}-room`).mode & 0o777, 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a store in memory has no room to hold', () => {
  using store = Store.open(':memory:');
  assert.throws(() => store.holdRoom(), /in memory/);
});
