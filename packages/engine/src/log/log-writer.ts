import { ftruncateSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { OutputChunk } from '../engine-port.ts';
import { DiskPace } from './disk-pace.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LogAttributes } from './log-attributes.ts';
import { EntryBuffer, entrySuffix } from './log-entry.ts';
import { LogRotation } from './log-files.ts';
import { repairLog } from './log-repair.ts';
import { type LogShape, plainShape } from './log-shape.ts';
import { LogClock } from './log-time.ts';
import { UnfinishedLines } from './unfinished-lines.ts';

/** Bytes of entries that may wait for the disk before the container has to. */
const highWater = 1 << 20;

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

/** From so many bytes on whole lines are looked at together. */
const worthLooking = 1 << 10;
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

/** How a log is to be written. */
export interface LogWriterOptions {
  readonly shape?: LogShape;
  /** What every entry says about the container. */
  readonly attributes?: LogAttributes;
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
  readonly #unfinished: UnfinishedLines;
  readonly #streams: { readonly stdout: LogStream; readonly stderr: LogStream };
  readonly #listeners = new Set<() => void>();
  #pending = new EntryBuffer();
  #spare = new EntryBuffer();
  /** Counts batches, begun and ended. */
  #begun = 0;
  #ended = 0;
  #flushing = false;
  #room: PromiseWithResolvers<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  private constructor(file: FileHandle, size: number, path: string, options: LogWriterOptions) {
    const { shape = plainShape, attributes = {}, onFailure = () => {} } = options;
    this.#file = file;
    this.#size = size;
    this.#end = size;
    this.#shape = shape;
    this.#onFailure = onFailure;
    this.#rotation = new LogRotation(path, shape, onFailure);
    this.#unfinished = new UnfinishedLines(path);
    this.#streams = { stdout: new LogStream('stdout', attributes), stderr: new LogStream('stderr', attributes) };
  }

  /**
   * Begin a log or go on with one. An entry that was torn when the program was killed is taken away.
   *
   * @throws Error of the file system when the file cannot be opened.
   */
  static async open(path: string, options: LogWriterOptions = {}): Promise<LogWriter> {
    const file = await open(path, 'a+', 0o640);
    try {
      await repairLog(file);
      const { size } = await file.stat();
      const writer = new LogWriter(file, size, path, options);
      for (const chunk of writer.#unfinished.read(file.fd)) writer.#take(chunk);
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
   * @returns a promise when the disk is behind: it resolves when there is room again, and never rejects.
   */
  write({ stream, data }: OutputChunk): undefined | Promise<void> {
    if (this.#closing !== undefined) return undefined;
    const { dropBeyond } = this.#shape;
    if (dropBeyond !== undefined && this.#pending.length > dropBeyond) return undefined;
    this.#take({ stream, data });
    this.#keepUnfinished();
    if (this.#pending.length < highWater || dropBeyond !== undefined) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
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
      this.#unfinished.remove();
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

  /** Who writes much is not held up for it: what a crash would lose of that is more than a line anyway. */
  #keepUnfinished(): void {
    if (this.#flushing) return;
    const rest = this.#rest();
    if (rest.length > 0) this.#unfinished.keep(this.#file.fd, rest);
  }

  /** @param makeEntries in {@link draft}. */
  #add(makeEntries: () => void): void {
    draft.clear(draftBuffer);
    makeEntries();
    const entries = draft.contents();
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
      batch.clear(this.#pending.length > 0 ? highWater * 2 : idleBuffer);
      this.#room?.resolve();
      this.#room = undefined;
      this.#notify();
    }
    this.#flushing = false;
    this.#keepUnfinished();
  }

  /** Write entries, each whole into one file. */
  async #append(bytes: Uint8Array): Promise<void> {
    for (let position = 0; position < bytes.length; ) {
      const end = await this.#endOfPart(bytes, position);
      await this.#appendPart(bytes.subarray(position, end));
      position = end;
    }
  }

  /** As Docker does, a file ends with the entry that reaches its size. */
  async #endOfPart(bytes: Uint8Array, position: number): Promise<number> {
    const { maxSize } = this.#shape;
    if (maxSize === undefined) return bytes.length;
    if (this.#size >= maxSize) await this.#rotate(bytes.length - position);
    const full = position + Math.max(0, maxSize - this.#size - 1);
    const found = full >= bytes.length ? -1 : bytes.indexOf(newline, full);
    return found < 0 ? bytes.length : found + 1;
  }

  /** @param left bytes that are taken in and not written. */
  async #rotate(left: number): Promise<void> {
    try {
      const old = this.#file;
      this.#file = await this.#rotation.rotate();
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

/** One of the two streams: makes entries of lines. */
class LogStream {
  readonly #name: OutputChunk['stream'];
  readonly #attributes: LogAttributes;
  readonly #splitter: LineSplitter;
  /** Where entries go, and how they end, during a call. */
  #output: EntryBuffer | undefined;
  #suffix: Uint8Array = new Uint8Array(0);
  /** All pieces of a line have the time of its first one. */
  #pieceSuffix: Uint8Array | undefined;

  constructor(name: OutputChunk['stream'], attributes: LogAttributes) {
    this.#name = name;
    this.#attributes = attributes;
    this.#splitter = new LineSplitter((bytes, start, end, complete) => this.#add(bytes, start, end, complete));
  }

  write(data: Uint8Array, time: bigint, output: EntryBuffer): void {
    this.#begin(time, output);
    const first = data.length < worthLooking ? -1 : data.indexOf(newline);
    if (first < 0) return this.#splitter.push(data);
    const last = data.lastIndexOf(newline);
    this.#splitter.push(data.subarray(0, first + 1));
    const lines = Buffer.from(data.buffer, data.byteOffset + first + 1, last - first);
    if (lines.length > 0 && !output.addPlain(lines, this.#suffix)) this.#splitter.push(lines);
    this.#splitter.push(data.subarray(last + 1));
  }

  /** True while something waits for the end of its line. */
  get isUnfinished(): boolean {
    return this.#splitter.isUnfinished;
  }

  /** What waits for the end of its line. */
  rest(): OutputChunk {
    return { stream: this.#name, data: this.#splitter.rest() };
  }

  end(time: bigint, output: EntryBuffer): void {
    this.#begin(time, output);
    this.#splitter.end();
  }

  #begin(time: bigint, output: EntryBuffer): void {
    this.#output = output;
    this.#suffix = entrySuffix(this.#name, time, this.#attributes);
  }

  #add(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    this.#output?.add(bytes, start, end, complete, this.#pieceSuffix ?? this.#suffix);
    if (complete) this.#pieceSuffix = undefined;
    else this.#pieceSuffix ??= this.#suffix;
  }
}
