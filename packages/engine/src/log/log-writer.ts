import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { OutputChunk } from '../engine-port.ts';
import { DiskPace } from './disk-pace.ts';
import type { LogAttributes } from './log-attributes.ts';
import { EntryBuffer } from './log-entry.ts';
import { completeRotation, LogRotation } from './log-files.ts';
import { countEntries, entriesWritten, withoutFirst } from './log-progress.ts';
import { repairLog } from './log-repair.ts';
import { type LogShape, plainShape } from './log-shape.ts';
import { LogStream } from './log-stream.ts';
import { LogClock } from './log-time.ts';
import { ProgressFile } from './progress-file.ts';
import { takeUnfinishedLines } from './unfinished-lines.ts';

/** Bytes that are kept for entries while more and more of them wait for the disk. */
const busyBuffer = 1 << 21;

/**
 * Up to so many bytes of entries are written before anything else happens, as long as the disk takes them at once: what a
 * pipe gives at a time, in lines of a few characters. The kernel copies it in less time than it takes to make the entries.
 */
const atOnce = 1 << 22;

/** All logs are on one disk. */
const disk = new DiskPace();

/** What waits for a thread is kept in buffers that are given back when nothing does. */
const idleBuffer = 1 << 14;

/** Bytes that are kept for entries of the next piece: enough for lines of usual length. */
const draftBuffer = 1 << 20;

/** Where entries are made, by all logs in turn: they are written, or kept elsewhere, before the next ones are made. */
const draft = new EntryBuffer();

const newline = 10;

/** A place between two entries. */
export interface LogPlace {
  /** How many files the log has begun since the one with the place. */
  readonly age: () => number;
  /** In that file, in bytes. */
  readonly offset: number;
}

/** What a log had taken in at one moment. */
export interface LogMark {
  /** Where that ends; resolves when it is written, and never rejects. */
  readonly end: Promise<LogPlace>;
  /** What of it waits for the end of its line and is not in the file. */
  readonly rest: readonly OutputChunk[];
}

/** Output that was taken from its pipe by a program that was killed, and is kept by somebody else. */
export interface LeftPiece extends OutputChunk {
  readonly letGo: () => void;
}

/** How a log is to be written. */
export interface LogWriterOptions {
  readonly shape?: LogShape;
  /** What every entry says about the container. */
  readonly attributes?: LogAttributes;
  /** Where its progress is noted, best in memory; beside the log when absent. */
  readonly progress?: string;
  /** What an earlier program had not let go of. */
  readonly left?: readonly LeftPiece[];
  /** Told when the disk does not take entries, which are lost, or no new file can be begun. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Writes the log of one container in Docker's json-file format.
 *
 * What arrives is written before anything else happens, unless the disk is slow: then it is collected and written by
 * threads, and a program that is killed loses what waits for them. When the disk is full, entries
 * are dropped rather than the container stopped, as in Docker.
 */
export class LogWriter implements AsyncDisposable {
  readonly #shape: LogShape;
  readonly #rotation: LogRotation;
  #file: FileHandle;
  #inode: number;
  /** Bytes in the file. */
  #size: number;
  /** What {@link #end} was when the last files were begun, by their generation. */
  readonly #starts = new Map([[0, 0]]);
  readonly #onFailure: (error: unknown) => void;
  /** Bytes of the first file and of all that were written since, once everything that was taken in is written. */
  #end: number;
  /** Bytes of entries that the disk did not take. */
  #lost = 0;
  readonly #clock = new LogClock();
  readonly #progress: ProgressFile;
  /** Entries of what is taken in now that an earlier program has written. */
  #known = 0;
  readonly #streams: { readonly stdout: LogStream; readonly stderr: LogStream };
  readonly #listeners = new Set<() => void>();
  #pending = new EntryBuffer();
  #spare = new EntryBuffer();
  /** Counts batches, begun and ended. */
  #begun = 0;
  #ended = 0;
  #flushing = false;
  #closing: Promise<void> | undefined;
  #closed = false;

  private constructor(file: FileHandle, path: string, options: LogWriterOptions) {
    const { shape = plainShape, attributes = {}, onFailure = () => {}, progress = `${path}.progress` } = options;
    const { size, ino } = fstatSync(file.fd);
    this.#file = file;
    this.#inode = ino;
    this.#size = size;
    this.#end = size;
    this.#shape = shape;
    this.#onFailure = onFailure;
    this.#rotation = new LogRotation(path, shape, onFailure);
    this.#progress = new ProgressFile(progress);
    this.#streams = { stdout: new LogStream('stdout', attributes), stderr: new LogStream('stderr', attributes) };
  }

  /**
   * Begin a log or go on with one. An entry that was torn when the program was killed is taken away.
   *
   * @throws Error of the file system when the file cannot be opened.
   */
  static async open(path: string, options: LogWriterOptions = {}): Promise<LogWriter> {
    completeRotation(path);
    const file = await open(path, 'a+', 0o640);
    try {
      await repairLog(file);
      const writer = new LogWriter(file, path, options);
      await writer.#goOn(() => takeUnfinishedLines(path, fstatSync(file.fd)), options.left ?? []);
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** How many files the log has begun; what was written before the last one is complete. */
  get generation(): number {
    return this.#rotation.generation;
  }

  /** True once everything is written and nothing will follow. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Take in output.
   *
   * @param letGo called once the output need not be kept anywhere else, in the moment from which on a successor would not
   * write it again.
   * @returns a promise when the disk is behind: it resolves when all is written, and never rejects.
   */
  write(chunk: OutputChunk, letGo: () => void = () => {}): undefined | Promise<void> {
    const { dropBeyond } = this.#shape;
    const isDropped = dropBeyond !== undefined && this.#pending.length > dropBeyond;
    if (this.#closing !== undefined || isDropped) return void letGo();
    this.#take(chunk);
    if (!this.#flushing || dropBeyond !== undefined) return void this.#settle(letGo);
    return this.flush().then(() => this.#settle(letGo));
  }

  /** Resolves when everything that was taken in before is in the file; what waits for the end of its line is not. */
  async flush(): Promise<void> {
    const wanted = this.#begun + (this.#pending.length > 0 ? 1 : 0);
    while (this.#ended < wanted) await this.#nextAppend();
  }

  /** Remember what was taken in up to now: who reads on from here gets the rest, each byte once. */
  mark(): LogMark {
    const [end, lost, rest] = [this.#end, this.#lost, this.#rest()];
    return { end: this.flush().then(() => this.#placeOf(end - (this.#lost - lost))), rest };
  }

  /** Be told whenever something was appended and when the log is closed. @returns what ends it. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Write what is left, lines without newline included, and close the file. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    const time = this.#clock.now();
    this.#add(() => {
      for (const stream of Object.values(this.#streams)) stream.end(time, draft);
    });
    await this.flush();
    await this.#rotation.settled();
    try {
      this.#note(false);
      this.#progress.remove();
      await this.#file.close();
    } catch (error) {
      this.#onFailure(error);
    }
    this.#closed = true;
    this.#notify();
  }

  #take({ stream, data }: OutputChunk): void {
    this.#add(() => this.#streams[stream].write(data, this.#clock.now(), draft));
  }

  /** What waits for the end of its line. */
  #rest(): OutputChunk[] {
    const streams = Object.values(this.#streams).filter(({ isUnfinished }) => isUnfinished);
    return streams.map((stream) => stream.rest());
  }

  /** All that was taken in is written, or nobody will ask for it. */
  #settle(letGo: () => void): void {
    this.#known = 0;
    this.#note(true);
    letGo();
    this.#note(false);
  }

  /** Entries of what comes next begin here; who may drop some cannot count them. */
  #note(isWritten: boolean): void {
    const place = { inode: this.#inode, offset: this.#size, before: 0 };
    this.#progress.write({ isWritten, places: this.#flushing ? [] : [place], unfinished: this.#rest() });
  }

  /** Take up what an earlier program has left: lines that have no end yet, and output that it was about to write. */
  async #goOn(unfinishedBefore: () => OutputChunk[], left: readonly LeftPiece[]): Promise<void> {
    const { progress } = this.#progress;
    const known =
      progress === undefined ? 0 : entriesWritten(progress, this.#inode, (from) => this.#entriesSince(from));
    // The last thing that is written of a log are its unfinished lines.
    const isEnded = left.length === 0 && known > 0;
    for (const chunk of isEnded ? [] : (progress?.unfinished ?? unfinishedBefore())) this.#take(chunk);
    this.#known = known;
    for (const { letGo, ...chunk } of left) {
      if (progress?.isWritten) letGo();
      else await this.write(chunk, letGo);
    }
    this.#known = 0;
    this.#note(false);
  }

  #entriesSince(offset: number): number {
    const bytes = Buffer.allocUnsafe(Math.max(0, this.#size - offset));
    return countEntries(bytes.subarray(0, readSync(this.#file.fd, bytes, 0, bytes.length, offset)));
  }

  /** @param makeEntries in {@link draft}. */
  #add(makeEntries: () => void): void {
    draft.clear(draftBuffer);
    makeEntries();
    const entries = withoutFirst(this.#known, draft.contents());
    this.#end += entries.length;
    if (entries.length === 0 || (!this.#flushing && this.#writeAtOnce(entries))) return;
    this.#pending.append(entries);
    if (this.#flushing) return;
    this.#flushing = true;
    void this.#writeBatches();
  }

  /** @returns false when it is better left to a thread; nothing has been written then. */
  #writeAtOnce(bytes: Uint8Array): boolean {
    const { maxSize = Number.POSITIVE_INFINITY } = this.#shape;
    if (bytes.length > atOnce || this.#size + bytes.length >= maxSize || !disk.isQuick) return false;
    let written = 0;
    try {
      disk.run(() => {
        while (written < bytes.length) written += writeSync(this.#file.fd, bytes, written);
      });
    } catch {
      // The thread will meet the same, and tell.
      if (written > 0) ftruncateSync(this.#file.fd, this.#size);
      return false;
    }
    this.#size += written;
    this.#notify();
    return true;
  }

  async #writeBatches(): Promise<void> {
    await endOfTurn();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = this.#spare;
      this.#spare = batch;
      this.#begun++;
      await this.#append(batch.contents());
      this.#ended++;
      batch.clear(this.#pending.length > 0 ? busyBuffer : idleBuffer);
      this.#notify();
    }
    this.#flushing = false;
    // Of others that is noted when they let go of what was written.
    if (this.#shape.dropBeyond !== undefined) this.#note(false);
  }

  /** Write entries, each whole into one file. */
  async #append(bytes: Uint8Array): Promise<void> {
    let before = this.#known;
    for (let position = 0; position < bytes.length; ) {
      if (this.#isFull) await this.#rotate({ left: bytes.length - position, before });
      const part = bytes.subarray(position, this.#endOfPart(bytes, position));
      await this.#appendPart(part);
      if (this.#isFull) before += countEntries(part);
      position += part.length;
    }
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

  /** @param left bytes that are taken in and not written; `before` entries are. */
  async #rotate({ left, before }: { readonly left: number; readonly before: number }): Promise<void> {
    try {
      const old = this.#file;
      this.#file = await this.#rotation.rotate((inode) =>
        this.#progress.goOn(this.#inode, { inode, offset: 0, before }),
      );
      this.#inode = fstatSync(this.#file.fd).ino;
      this.#size = 0;
      const { generation } = this.#rotation;
      this.#starts.set(generation, this.#end - this.#pending.length - left);
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
      this.#size += written;
    } catch (error) {
      this.#onFailure(error);
      this.#lost += bytes.length;
      this.#end -= bytes.length;
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

  #placeOf(end: number): LogPlace {
    const found = [...this.#starts].findLast(([, start]) => start <= end);
    const [generation, start] = found ?? [this.generation - this.#shape.maxFiles, end];
    return { offset: end - start, age: () => this.generation - generation };
  }

  #nextAppend(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.onAppend(() => {
        stop();
        resolve();
      });
    });
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
