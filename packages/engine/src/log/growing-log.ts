import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { DiskPace } from './disk-pace.ts';
import { completeRotation, LogRotation } from './log-files.ts';
import { countEntries, type EntryPlace } from './log-progress.ts';
import { repairLog } from './log-repair.ts';
import type { LogShape } from './log-shape.ts';

/**
 * Up to so many bytes of entries are written before anything else happens, as long as the disk takes them at once: what a
 * pipe gives at a time, in lines of a few characters. The kernel copies it in less time than it takes to make the entries.
 */
const atOnce = 1 << 22;

const newline = 10;

/** A place between two entries. */
export interface LogPlace {
  /** How many files the log has begun since the one with the place. */
  readonly age: () => number;
  /** In that file, in bytes. */
  readonly offset: number;
}

/** How the files of a log are written. */
export interface GrowingLogOptions {
  readonly shape: LogShape;
  readonly pace: DiskPace;
  /** Told when the disk does not take entries, which are lost, or no new file can be begun. */
  readonly onFailure: (error: unknown) => void;
}

/** Takes entries to the disk: to one file until that is full, then to another. */
export class GrowingLog {
  readonly #shape: LogShape;
  readonly #pace: DiskPace;
  readonly #onFailure: (error: unknown) => void;
  readonly #rotation: LogRotation;
  #file: FileHandle;
  #inode: number;
  #size: number;
  /** Bytes of the first file as it was found and of all entries since that the disk took. */
  #written: number;
  #lost = 0;
  /** What {@link #written} was when the last files were begun, by their generation. */
  readonly #starts = new Map([[0, 0]]);

  private constructor(file: FileHandle, path: string, { shape, pace, onFailure }: GrowingLogOptions) {
    const { size, ino } = fstatSync(file.fd);
    this.#file = file;
    this.#inode = ino;
    this.#size = size;
    this.#written = size;
    this.#shape = shape;
    this.#pace = pace;
    this.#onFailure = onFailure;
    this.#rotation = new LogRotation(path, shape, onFailure);
  }

  /**
   * Open the newest file of a log, or begin it. An entry that was torn when the program was killed is taken away.
   *
   * @throws Error of the file system when the file cannot be opened.
   */
  static async open(path: string, options: GrowingLogOptions): Promise<GrowingLog> {
    completeRotation(path);
    const file = await open(path, 'a+', 0o640);
    try {
      await repairLog(file);
      return new GrowingLog(file, path, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** How many files the log has begun; what was written before the last one is complete. */
  get generation(): number {
    return this.#rotation.generation;
  }

  /** Of the newest file. */
  get inode(): number {
    return this.#inode;
  }

  /** Bytes in the newest file. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of entries that the disk did not take. */
  get lost(): number {
    return this.#lost;
  }

  /** How many entries the newest file has from an offset on. */
  entriesSince(offset: number): number {
    const bytes = Buffer.allocUnsafe(Math.max(0, this.#size - offset));
    return countEntries(bytes.subarray(0, readSync(this.#file.fd, bytes, 0, bytes.length, offset)));
  }

  /** Write entries on the spot. @returns false when it is better left to a thread; nothing has been written then. */
  writeAtOnce(bytes: Uint8Array): boolean {
    const { maxSize = Number.POSITIVE_INFINITY } = this.#shape;
    if (bytes.length > atOnce || this.#size + bytes.length >= maxSize || !this.#pace.isQuick) return false;
    let written = 0;
    try {
      this.#pace.run(() => {
        while (written < bytes.length) written += writeSync(this.#file.fd, bytes, written);
      });
    } catch {
      // The thread will meet the same, and tell.
      if (written > 0) ftruncateSync(this.#file.fd, this.#size);
      return false;
    }
    this.#grow(written);
    return true;
  }

  /**
   * Have a thread write entries, each whole into one file. Never rejects.
   *
   * @param before entries of the same piece of output that are in the log already.
   * @param announce told of a new file before it takes the place of the one with that inode.
   */
  async append(bytes: Uint8Array, before: number, announce: (former: number, next: EntryPlace) => void): Promise<void> {
    let entries = before;
    for (let position = 0; position < bytes.length; ) {
      if (this.#isFull) {
        await this.#rotate((inode) => announce(this.#inode, { inode, offset: 0, before: entries }));
      }
      const part = bytes.subarray(position, this.#endOfPart(bytes, position));
      await this.#appendPart(part);
      if (this.#isFull) entries += countEntries(part);
      position += part.length;
    }
  }

  /** Where something is. @param end bytes that the disk had taken then, see {@link #written}. */
  placeOf(end: number): LogPlace {
    const found = [...this.#starts].findLast(([, start]) => start <= end);
    const [generation, start] = found ?? [this.generation - this.#shape.maxFiles, end];
    return { offset: end - start, age: () => this.generation - generation };
  }

  /** Resolves when nothing is being compressed. */
  async settled(): Promise<void> {
    await this.#rotation.settled();
  }

  /** @throws Error of the file system. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  #grow(count: number): void {
    this.#size += count;
    this.#written += count;
  }

  get #isFull(): boolean {
    return this.#shape.maxSize !== undefined && this.#size >= this.#shape.maxSize;
  }

  /** As Docker does, a file ends with the entry that reaches its size. */
  #endOfPart(bytes: Uint8Array, position: number): number {
    const { maxSize } = this.#shape;
    if (maxSize === undefined) return bytes.length;
    const full = position + Math.max(0, maxSize - this.#size - 1);
    const found = full >= bytes.length ? -1 : bytes.indexOf(newline, full);
    return found < 0 ? bytes.length : found + 1;
  }

  async #rotate(announce: (inode: number) => void): Promise<void> {
    try {
      const old = this.#file;
      this.#file = await this.#rotation.rotate(announce);
      this.#inode = fstatSync(this.#file.fd).ino;
      this.#size = 0;
      const { generation } = this.#rotation;
      this.#starts.set(generation, this.#written);
      this.#starts.delete(generation - this.#shape.maxFiles);
      await old.close();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  async #appendPart(bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
      this.#grow(written);
    } catch (error) {
      this.#onFailure(error);
      this.#lost += bytes.length;
      if (written > 0) await this.#takeBack(written);
    }
  }

  /** Half an entry would spoil the next one. */
  async #takeBack(count: number): Promise<void> {
    try {
      const { size } = await this.#file.stat();
      await this.#file.truncate(Math.max(0, size - count));
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
