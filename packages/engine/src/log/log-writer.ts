import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { OutputChunk } from '../engine-port.ts';
import { LineSplitter } from './line-splitter.ts';
import { EntryBuffer, entrySuffix } from './log-entry.ts';
import { repairLog } from './log-repair.ts';
import { LogClock } from './log-time.ts';

/** Bytes of entries that may wait for the disk before the container has to. */
const highWater = 1 << 20;

/** Buffers up to this size are kept while nothing is written. */
const idleBuffer = 1 << 14;

/** What a log had taken in at one moment. */
export interface LogMark {
  /** Where that ends in the file, in bytes; resolves when it is written, and never rejects. */
  readonly end: Promise<number>;
  /** What of it waits for the end of its line and is not in the file. */
  readonly rest: readonly OutputChunk[];
}

/**
 * Writes the log of one container in Docker's json-file format.
 *
 * What arrives in one turn of the event loop is one write. A program that is killed loses at most what it had taken in
 * and not written yet. When the disk is full, entries are dropped rather than the container stopped, as in Docker.
 */
export class LogWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #onFailure: (error: unknown) => void;
  /** Where the file ends once everything that was taken in is written, in bytes. */
  #end: number;
  /** Bytes of entries that the disk did not take. */
  #lost = 0;
  readonly #clock = new LogClock();
  readonly #streams = { stdout: new LogStream('stdout'), stderr: new LogStream('stderr') };
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

  private constructor(file: FileHandle, size: number, onFailure: (error: unknown) => void) {
    this.#file = file;
    this.#end = size;
    this.#onFailure = onFailure;
  }

  /**
   * Begin a log or go on with one. An entry that was torn when the program was killed is taken away.
   *
   * @param onFailure told when the disk does not take entries; they are lost.
   * @throws Error of the file system when the file cannot be opened.
   */
  static async open(path: string, onFailure: (error: unknown) => void = () => {}): Promise<LogWriter> {
    const file = await open(path, 'a+', 0o640);
    try {
      await repairLog(file);
      const { size } = await file.stat();
      return new LogWriter(file, size, onFailure);
    } catch (error) {
      await file.close();
      throw error;
    }
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
    this.#add(() => this.#streams[stream].write(data, this.#clock.now(), this.#pending));
    if (this.#pending.length < highWater) return undefined;
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
    const [end, lost] = [this.#end, this.#lost];
    const rest = Object.values(this.#streams).map((stream) => stream.rest());
    return {
      end: this.flush().then(() => end - (this.#lost - lost)),
      rest: rest.filter(({ data }) => data.length > 0),
    };
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
      for (const stream of Object.values(this.#streams)) stream.end(time, this.#pending);
    });
    await this.flush();
    try {
      await this.#file.close();
    } catch (error) {
      this.#onFailure(error);
    }
    this.#closed = true;
    this.#notify();
  }

  /** Add entries to those that wait for the disk. */
  #add(addEntries: () => void): void {
    const before = this.#pending.length;
    addEntries();
    this.#end += this.#pending.length - before;
    if (this.#flushing || this.#pending.length === 0) return;
    this.#flushing = true;
    void this.#writeBatches();
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
  }

  async #append(bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
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
  readonly #splitter: LineSplitter;
  /** Where entries go, and how they end, during a call. */
  #output: EntryBuffer | undefined;
  #suffix: Uint8Array = new Uint8Array(0);
  /** All pieces of a line have the time of its first one. */
  #pieceSuffix: Uint8Array | undefined;

  constructor(name: OutputChunk['stream']) {
    this.#name = name;
    this.#splitter = new LineSplitter((bytes, start, end, complete) => this.#add(bytes, start, end, complete));
  }

  write(data: Uint8Array, time: bigint, output: EntryBuffer): void {
    this.#begin(time, output);
    this.#splitter.push(data);
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
    this.#suffix = entrySuffix(this.#name, time);
  }

  #add(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    this.#output?.add(bytes, start, end, complete, this.#pieceSuffix ?? this.#suffix);
    if (complete) this.#pieceSuffix = undefined;
    else this.#pieceSuffix ??= this.#suffix;
  }
}
