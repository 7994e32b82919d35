import { closeSync, fchmodSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FairleadError } from '@fairlead/base';
import { Collection, type Stored } from './collection.ts';
import { holdRoom, keepRoomWhileClosed } from './room.ts';

/** Steps that bring an older file to the present layout; the index of the last one done is in `user_version`. */
const migrations: readonly string[] = [
  'CREATE TABLE object (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID',
  // In a table without row ids each key that is compared brings its whole document along: whoever wrote one of a few hundred
  // bytes read the megabytes of another one, of ten thousand ports (sqlite3BtreeIndexMoveto in SQLite's btree.c).
  `CREATE TABLE document (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id));
   INSERT INTO document SELECT kind, id, value FROM object ORDER BY kind, id;
   DROP TABLE object;
   ALTER TABLE document RENAME TO object`,
];

/**
 * The engine's durable state: JSON documents of several kinds in one SQLite file.
 *
 * Everything is held in memory too, so that reading never touches the disk. Write-ahead logging with
 * `synchronous=NORMAL` survives the death of the process at any point; a power failure may lose the last writes but
 * never breaks the file, and the kernel state that they spoke of is gone then as well.
 */
export class Store implements Disposable {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #collections = new Map<string, Collection<Stored>>();

  /** Its file, when that is to have room also while it is closed. */
  #held: string | undefined;

  /** Whose documents it begins with; see {@link scratch}. */
  readonly #source: Store | undefined;

  private constructor(database: DatabaseSync, source?: Store) {
    this.#database = database;
    this.#source = source;
    this.#put = database.prepare('INSERT OR REPLACE INTO object (kind, id, value) VALUES (?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM object WHERE kind = ? AND id = ?');
  }

  /**
   * Open or create a store, which its owner alone may read: containers' environments are in it, and so are passwords.
   *
   * @param path file, or `:memory:`.
   * @throws FairleadError `unavailable` when the file was written by a newer version or another process holds it.
   */
  static open(path: string): Store {
    if (path !== ':memory:') makePrivate(path);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000');
    migrate(database, path);
    return new Store(database);
  }

  /**
   * From now on keep room for what has to be written when the disk is full, also while the store is closed.
   *
   * @throws Error of a store in memory, which is in no file.
   */
  holdRoom(): void {
    const path = this.#database.location();
    if (path === null) throw new Error('a store in memory has no room to hold');
    holdRoom(this.#database, path);
    this.#held = path;
  }

  /** A store in memory that begins with the documents of this one; what is written there is written nowhere else. */
  scratch(): Store {
    const database = new DatabaseSync(':memory:');
    migrate(database, ':memory:');
    return new Store(database, this);
  }

  /** The documents of one kind, read from disk at the first call. */
  collection<T extends Stored>(kind: string): Collection<T> {
    const known = this.#collections.get(kind);
    if (known !== undefined) return known as Collection<T>;
    const collection = new Collection<T>(this.#source?.collection<T>(kind) ?? this.#read<T>(kind), {
      put: (document) => void this.#put.run(kind, document.id, JSON.stringify(document)),
      delete: (id) => void this.#delete.run(kind, id),
    });
    this.#collections.set(kind, collection as Collection<Stored>);
    return collection;
  }

  #read<T>(kind: string): T[] {
    const rows = this.#database.prepare('SELECT value FROM object WHERE kind = ? ORDER BY id').all(kind);
    return rows.map((row) => JSON.parse(String(row['value'])) as T);
  }

  /** Make all writes of `work` durable together, or none of them when it throws. */
  transaction<T>(work: () => T): T {
    if (this.#database.isTransaction) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    for (const collection of this.#collections.values()) collection.begin();
    try {
      const result = work();
      this.#database.exec('COMMIT');
      for (const collection of this.#collections.values()) collection.commit();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const collection of this.#collections.values()) collection.rollBack();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
    if (this.#held !== undefined) keepRoomWhileClosed(this.#held);
  }
}

/** SQLite makes a file that everybody may read, but the files beside it as the one that it finds. */
function makePrivate(path: string): void {
  const descriptor = openSync(path, 'a', 0o600);
  fchmodSync(descriptor, 0o600);
  closeSync(descriptor);
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > migrations.length) {
    throw new FairleadError('unavailable', `${path} was written by a newer version of Fairlead (layout ${version})`);
  }
  for (const [index, statement] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${statement}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
