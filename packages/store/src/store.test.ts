import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Store } from './store.ts';

interface Note {
  readonly id: string;
  readonly text: string;
}

function withFile(work: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'fl-store-'));
  try {
    work(join(directory, 'state.db'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('documents are there again after the file is opened anew', () => {
  withFile((path) => {
    {
      using store = Store.open(path);
      store.collection<Note>('note').put({ id: 'a', text: 'one' });
      store.collection<Note>('note').put({ id: 'b', text: 'two' });
      store.collection<Note>('note').delete('b');
    }
    using store = Store.open(path);
    assert.deepEqual([...store.collection<Note>('note')], [{ id: 'a', text: 'one' }]);
  });
});

test('a transaction that throws leaves memory and disk as they were', () => {
  withFile((path) => {
    {
      using store = Store.open(path);
      const notes = store.collection<Note>('note');
      notes.put({ id: 'a', text: 'before' });
      assert.throws(() =>
        store.transaction(() => {
          notes.put({ id: 'a', text: 'after' });
          notes.put({ id: 'b', text: 'new' });
          notes.delete('a');
          throw new Error('stop');
        }),
      );
      assert.deepEqual([...notes], [{ id: 'a', text: 'before' }]);
    }
    using store = Store.open(path);
    assert.deepEqual([...store.collection<Note>('note')], [{ id: 'a', text: 'before' }]);
  });
});

test('kinds do not see each other', () => {
  using store = Store.open(':memory:');
  store.collection<Note>('note').put({ id: 'a', text: 'one' });
  assert.equal(store.collection<Note>('other').size, 0);
});

test('a file of a newer layout is refused and left alone', () => {
  withFile((path) => {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    assert.throws(() => Store.open(path), /newer version/);
  });
});

test('a file of the first layout is brought to the present one, with all that is in it', () => {
  withFile((path) => {
    const database = new DatabaseSync(path);
    database.exec(
      'CREATE TABLE object (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID',
    );
    const put = database.prepare('INSERT INTO object VALUES (?, ?, ?)');
    for (const id of ['b', 'a']) put.run('note', id, JSON.stringify({ id, text: id }));
    database.exec('PRAGMA user_version = 1');
    database.close();
    {
      using store = Store.open(path);
      const notes = store.collection<Note>('note');
      assert.deepEqual(
        [...notes].map(({ text }) => text),
        ['a', 'b'],
      );
      notes.put({ id: 'b', text: 'new' });
    }
    using again = Store.open(path);
    assert.equal(again.collection<Note>('note').get('b')?.text, 'new');
  });
});

test('nobody but its owner may read a store, nor one that was open to all', () => {
  withFile((path) => {
    const modes = () => {
      using store = Store.open(path);
      store.collection<Note>('note').put({ id: 'a', text: 'secret' });
      return ['', '-wal', '-shm'].map((ending) => statSync(`${path}${ending}`).mode & 0o777);
    };
    assert.deepEqual(modes(), [0o600, 0o600, 0o600]);
    chmodSync(path, 0o644);
    assert.deepEqual(modes(), [0o600, 0o600, 0o600]);
  });
});

test('a scratch store begins with what there is, and keeps to itself what becomes of it', () => {
  using store = Store.open(':memory:');
  const notes = store.collection<Note>('note');
  notes.put({ id: 'a', text: 'one' });
  notes.put({ id: 'b', text: 'two' });
  using scratch = store.scratch();
  const copies = scratch.collection<Note>('note');
  scratch.transaction(() => {
    copies.delete('a');
    copies.put({ id: 'b', text: 'other' });
    copies.put({ id: 'c', text: 'new' });
  });
  assert.deepEqual(
    [...copies].map(({ text }) => text),
    ['other', 'new'],
  );
  assert.deepEqual(
    [...notes].map(({ text }) => text),
    ['one', 'two'],
  );
});
