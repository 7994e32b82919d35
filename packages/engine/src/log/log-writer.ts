import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { OutputChunk } from '../container/stream-port.ts';
import { DiskPace } from './disk-pace.ts';
import { GrowingLog, type LogPlace } from './growing-log.ts';
import type { LogAttributes } from './log-attributes.ts';
import { EntryBuffer } from './log-entry.ts';
import { entriesWritten, withoutFirst } from './log-progress.ts';
import { type LogShape, plainShape } from './log-shape.ts';
import { LogStream } from './log-stream.ts';
import { LogClock } from './log-time.ts';
import { ProgressFile } from './progress-file.ts';
import { takeUnfinishedLines } from './unfinished-lines.ts';

/** Bytes that are kept for entries while more and more of them wait for the disk. */
const busyBuffer = 1 << 21;

/** All logs are on one disk. */
const disk = new DiskPace();

/** What waits for a thread is kept in buffers that are given back when nothing does. */
const idleBuffer = 1 << 14;

/** Bytes that are kept for entries of the next piece: enough for lines of usual length. */
const draftBuffer = 1 << 20;

/** Where entries are made, by all logs in turn: they are written, or kept elsewhere, before the next ones are made. */
const draft = new EntryBuffer();

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
  /** How quick the disk is, as far as is known; that of all logs when absent. */
  readonly pace?: DiskPace;
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
  readonly #onFailure: (error: unknown) => void;
  readonly #log: GrowingLog;
  /** Bytes of the first file as it was found and of all entries that were made since. */
  #made: number;
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

  private constructor(log: GrowingLog, progress: ProgressFile, shape: LogShape, options: LogWriterOptions) {
    const { attributes = {}, onFailure = () => {} } = options;
    this.#log = log;
    this.#made = log.size;
    this.#shape = shape;
    this.#onFailure = onFailure;
    this.#progress = progress;
    this.#streams = { stdout: new LogStream('stdout', attributes), stderr: new LogStream('stderr', attributes) };
  }

  /**
   * Begin a log or go on with one. An entry that was torn when the program was killed is taken away.
   *
   * @throws Error of the file system when the file cannot be opened.
   */
  static async open(path: string, options: LogWriterOptions = {}): Promise<LogWriter> {
    const { shape = plainShape, pace = disk, onFailure = () => {}, progress = `${path}.progress` } = options;
    const log = await GrowingLog.open(path, { shape, pace, onFailure });
    try {
      const writer = new LogWriter(log, new ProgressFile(progress), shape, options);
      const unfinished = () => takeUnfinishedLines(path, { ino: log.inode, size: log.size });
      await writer.#goOn(unfinished, options.left ?? []);
      return writer;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** How many files the log has begun; what was written before the last one is complete. */
  get generation(): number {
    return this.#log.generation;
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
    const [made, rest] = [this.#made, this.#rest()];
    return { end: this.flush().then(() => this.#log.placeOf(made - this.#log.lost)), rest };
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
    await this.#log.settled();
    try {
      this.#note(false);
      this.#progress.remove();
      await this.#log.close();
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
    const place = { inode: this.#log.inode, offset: this.#log.size, before: 0 };
    this.#progress.write({ isWritten, places: this.#flushing ? [] : [place], unfinished: this.#rest() });
  }

  /** Take up what an earlier program has left: lines that have no end yet, and output that it was about to write. */
  async #goOn(unfinishedBefore: () => OutputChunk[], left: readonly LeftPiece[]): Promise<void> {
    const { progress } = this.#progress;
    const since = (offset: number) => this.#log.entriesSince(offset);
    const known = progress === undefined ? 0 : entriesWritten(progress, this.#log.inode, since);
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

  /** @param makeEntries in {@link draft}. */
  #add(makeEntries: () => void): void {
    draft.clear(draftBuffer);
    makeEntries();
    const entries = withoutFirst(this.#known, draft.contents());
    this.#made += entries.length;
    if (entries.length === 0 || (!this.#flushing && this.#writeAtOnce(entries))) return;
    this.#pending.append(entries);
    if (this.#flushing) return;
    this.#flushing = true;
    void this.#writeBatches();
  }

  #writeAtOnce(entries: Uint8Array): boolean {
    const isWritten = this.#log.writeAtOnce(entries);
    if (isWritten) this.#notify();
    return isWritten;
  }

  async #writeBatches(): Promise<void> {
    await endOfTurn();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = this.#spare;
      this.#spare = batch;
      this.#begun++;
      await this.#log.append(batch.contents(), this.#known, (former, next) => this.#progress.goOn(former, next));
      this.#ended++;
      batch.clear(this.#pending.length > 0 ? busyBuffer : idleBuffer);
      this.#notify();
    }
    this.#flushing = false;
    // Of others that is noted when they let go of what was written.
    if (this.#shape.dropBeyond !== undefined) this.#note(false);
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
