import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { hasSystemCode } from '@fairlead/base';

/** Bytes that are kept free in the file, in the log beside it, and beside both while they are closed. */
const room = 1 << 20;

/** Less would not take one container's document. */
const leastRoom = 1 << 16;

/** Result code of SQLite for a disk that is full (`SQLITE_FULL` of sqlite3.h). */
const full = 13;

/**
 * Make file and log so large that all that an engine writes while the disk is full goes where something was written
 * before: a container that has filled the disk can be stopped and removed only by somebody who can note it.
 *
 * Pages that are given back stay in the file, and a log that was checkpointed is written again from its beginning, so
 * writing and dropping once is enough. A disk that is full already is no error: there is what there is.
 *
 * @param path of the database, which keeps a log (`journal_mode=WAL`).
 */
export function holdRoom(database: DatabaseSync, path: string): void {
  rmSync(closedRoom(path), { force: true });
  // The log begins anew after so many pages, long before it has used up its room.
  database.exec('PRAGMA wal_autocheckpoint = 128');
  const { spare, log } = sizes(database, path);
  // After a kill both are as they were.
  if (Math.min(spare, log) >= room / 2) return;
  if (spare < room / 2 && freeOnDisk(path) < 3 * room) return;
  // The file must not have to grow for what is in the log: without room for that, the log could not begin anew.
  const most = spare < room / 2 ? room : Math.min(room, spare - leastRoom);
  // Less than all is worth having.
  for (let bytes = most; bytes >= leastRoom; bytes = Math.floor(bytes / 2)) if (fill(database, bytes)) return;
}

/** @returns false when there is not as much on the disk. */
function fill(database: DatabaseSync, bytes: number): boolean {
  const filling = `CREATE TABLE room (filling BLOB); INSERT INTO room VALUES (zeroblob(${bytes})); DROP TABLE room`;
  try {
    database.exec(`BEGIN IMMEDIATE; ${filling}; COMMIT`);
    return true;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    if (isFull(error)) return false;
    throw error;
  }
}

/**
 * Closing takes the log away, and its room with it, which the next one who opens needs: a file of its size has it
 * meanwhile. Call after the database was closed.
 */
export function keepRoomWhileClosed(path: string): void {
  try {
    const descriptor = openSync(closedRoom(path), 'w', 0o600);
    try {
      writeSync(descriptor, Buffer.alloc(room));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (!hasSystemCode(error, 'ENOSPC')) throw error;
  }
}

function closedRoom(path: string): string {
  return `${path}-room`;
}

/** Bytes of the file that hold nothing, and of the log. */
function sizes(database: DatabaseSync, path: string): { readonly spare: number; readonly log: number } {
  const value = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return { spare: value('freelist_count') * value('page_size'), log };
}

function freeOnDisk(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === full;
}
