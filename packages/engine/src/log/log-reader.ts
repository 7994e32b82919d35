import { type FileHandle, open } from 'node:fs/promises';
import type { LogLine, LogOptions, OutputChunk } from '../engine-port.ts';
import { parseEntry } from './log-entry.ts';
import { tailOffset } from './log-tail.ts';
import { formatLogTime } from './log-time.ts';
import type { LogMark, LogWriter } from './log-writer.ts';

const blockSize = 1 << 17;
const newline = 10;

/** What tells a reader that a log grows. */
export type GrowingLog = Pick<LogWriter, 'flush' | 'onAppend' | 'closed'>;

/**
 * Read a container's log. A log that does not exist is empty.
 *
 * `tail` counts the entries of both streams, before any other choice is made, as in Docker.
 *
 * @param writer of the running container. With `follow` lines go on until it is closed and all is delivered; without a
 * writer there is nothing to wait for.
 */
export function readLog(path: string, options: LogOptions, writer?: GrowingLog): AsyncIterable<LogLine> {
  return { [Symbol.asyncIterator]: () => new LogIterator(path, options, writer) };
}

/** Read a log up to a mark, and what waited there for the end of its line. */
export async function* readLogUpTo(
  path: string,
  mark: LogMark,
  wanted: Pick<LogOptions, OutputChunk['stream']>,
): AsyncGenerator<OutputChunk, void> {
  const end = await mark.end;
  await using file = await openLog(path);
  if (file === undefined) return;
  for await (const text of readEntries(file, new LineBytes(0), end)) {
    const line = parseEntry(text);
    if (line !== undefined && wanted[line.stream]) yield line;
  }
  yield* mark.rest.filter(({ stream }) => wanted[stream]);
}

/**
 * A generator alone could not be left while it waits for the next line: `return` would wait as well.
 */
class LogIterator implements AsyncIterator<LogLine, undefined> {
  readonly #left = new AbortController();
  readonly #lines: AsyncGenerator<LogLine, undefined>;

  constructor(path: string, options: LogOptions, writer: GrowingLog | undefined) {
    this.#lines = chosenLines(path, options, writer, this.#left.signal);
  }

  next(): Promise<IteratorResult<LogLine, undefined>> {
    return this.#lines.next();
  }

  return(): Promise<IteratorResult<LogLine, undefined>> {
    this.#left.abort();
    return this.#lines.return(undefined);
  }
}

async function* chosenLines(
  path: string,
  options: LogOptions,
  writer: GrowingLog | undefined,
  left: AbortSignal,
): AsyncGenerator<LogLine, undefined> {
  const { since, until } = options;
  const [first, last] = [since, until].map((time) => (time === undefined ? undefined : formatLogTime(time)));
  await writer?.flush();
  const file = await openLog(path);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    const start = options.tail === undefined || options.tail < 0 ? 0 : await tailOffset(file, size, options.tail);
    const follow = options.follow && writer !== undefined;
    const texts = follow ? followEntries(file, start, writer, left) : readEntries(file, new LineBytes(start), size);
    for await (const text of texts) {
      const line = parseEntry(text);
      if (line === undefined || !options[line.stream] || (first !== undefined && line.time < first)) continue;
      if (last !== undefined && line.time > last) return;
      yield line;
    }
  } finally {
    await file.close();
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole lines from where `lines` is up to its end, or up to `limit`. */
async function* readEntries(file: FileHandle, lines: LineBytes, limit: number): AsyncGenerator<string, void> {
  const block = Buffer.allocUnsafe(blockSize);
  for (;;) {
    const wanted = Math.min(block.length, limit - lines.offset);
    const { bytesRead } = await file.read(block, 0, wanted, lines.offset);
    if (bytesRead === 0) return;
    yield* lines.take(block.subarray(0, bytesRead));
  }
}

/** The same, and what is appended, until the log is closed. */
async function* followEntries(
  file: FileHandle,
  start: number,
  writer: GrowingLog,
  left: AbortSignal,
): AsyncGenerator<string, void> {
  using growth = new Growth(writer, left);
  let lines = new LineBytes(start);
  for (;;) {
    growth.arm();
    yield* readEntries(file, lines, Number.POSITIVE_INFINITY);
    // Somebody has emptied the log: what it holds now has not been read.
    if ((await file.stat()).size < lines.offset) lines = new LineBytes(0);
    else if (!(await growth.wait())) return;
  }
}

/** Makes lines of bytes that come in any pieces. */
class LineBytes {
  /** Where the next bytes are in the file. */
  offset: number;
  #rest = Buffer.alloc(0);

  constructor(offset: number) {
    this.offset = offset;
  }

  /** Take in bytes. @returns the lines that they complete. */
  take(bytes: Buffer): string[] {
    this.offset += bytes.length;
    const end = bytes.lastIndexOf(newline);
    if (end < 0) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return [];
    }
    const whole = bytes.subarray(0, end);
    const text = this.#rest.length === 0 ? whole : Buffer.concat([this.#rest, whole]);
    this.#rest = Buffer.from(bytes.subarray(end + 1));
    return text.toString('utf8').split('\n');
  }
}

/** Waits for a log to grow without missing that it did. */
class Growth implements Disposable {
  readonly #writer: GrowingLog;
  readonly #left: AbortSignal;
  readonly #stop: () => void;
  #changed = Promise.withResolvers<void>();
  #last = false;

  constructor(writer: GrowingLog, left: AbortSignal) {
    this.#writer = writer;
    this.#left = left;
    this.#stop = writer.onAppend(() => this.#changed.resolve());
    left.addEventListener('abort', () => this.#changed.resolve());
  }

  /** To be called before reading: what is appended from now on ends the next wait. */
  arm(): void {
    this.#last = this.#writer.closed;
    this.#changed = Promise.withResolvers<void>();
  }

  /** @returns false when nothing will follow what has been read, or nobody wants it. */
  async wait(): Promise<boolean> {
    if (this.#last || this.#left.aborted) return false;
    await this.#changed.promise;
    return !this.#left.aborted;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
