import type { OutputChunk } from '../container/stream-port.ts';
import { logLinesOf } from './log-lines.ts';
import type { LogLine, LogOptions } from './log-port.ts';
import { type LogSegment, openByAge, openSegments } from './log-segment.ts';
import { findTail } from './log-tail.ts';
import { formatLogTime } from './log-time.ts';
import type { LogMark, LogWriter } from './log-writer.ts';

const blockSize = 1 << 17;
/** What is read first: followers mostly find a line or two. */
const firstBlock = 1 << 12;
const newline = 10;

/** What tells a reader that a log grows. */
export type GrowingLog = Pick<LogWriter, 'flush' | 'onAppend' | 'closed' | 'generation'>;

/**
 * Read a container's log. A log that does not exist is empty.
 *
 * `tail` counts the entries of both streams, before any other choice is made, as in Docker.
 *
 * @param writer of the running container. With `follow` lines go on until it is closed and all is delivered; without a
 * writer there is nothing to wait for.
 * @returns as many lines at a time as are there.
 */
export function readLog(path: string, options: LogOptions, writer?: GrowingLog): AsyncIterable<readonly LogLine[]> {
  return { [Symbol.asyncIterator]: () => new LogIterator(path, options, writer) };
}

/** Read a log up to a mark, and what waited there for the end of its line. */
export async function* readLogUpTo(
  path: string,
  mark: LogMark,
  wanted: Pick<LogOptions, OutputChunk['stream']>,
): AsyncGenerator<readonly OutputChunk[], void> {
  const { offset, age } = await mark.end;
  using open = new DisposableStack();
  const segments = openSegments(path).map((segment) => open.use(segment));
  const wantedSegments = segments.slice(0, segments.length - age());
  for (const segment of wantedSegments) {
    await segment.expand();
    const limit = segment === wantedSegments.at(-1) ? offset : Number.POSITIVE_INFINITY;
    for await (const block of readEntries(segment, new LineBytes(0), limit)) {
      yield logLinesOf(block).filter(({ stream }) => wanted[stream]);
    }
  }
  yield mark.rest.filter(({ stream }) => wanted[stream]);
}

/**
 * A generator alone could not be left while it waits for the next line: `return` would wait as well.
 */
class LogIterator implements AsyncIterator<readonly LogLine[], undefined> {
  readonly #left = new AbortController();
  readonly #lines: AsyncGenerator<readonly LogLine[], undefined>;

  constructor(path: string, options: LogOptions, writer: GrowingLog | undefined) {
    this.#lines = chosenLines(path, options, writer, this.#left.signal);
  }

  next(): Promise<IteratorResult<readonly LogLine[], undefined>> {
    return this.#lines.next();
  }

  return(): Promise<IteratorResult<readonly LogLine[], undefined>> {
    this.#left.abort();
    return this.#lines.return(undefined);
  }
}

async function* chosenLines(
  path: string,
  options: LogOptions,
  writer: GrowingLog | undefined,
  left: AbortSignal,
): AsyncGenerator<readonly LogLine[], undefined> {
  const { since, until } = options;
  const [first, last] = [since, until].map((time) => (time === undefined ? undefined : formatLogTime(time)));
  const isWanted = ({ stream, time }: LogLine) => options[stream] && (first === undefined || time >= first);
  for await (const block of chosenEntries(path, options, writer, left)) {
    const lines = logLinesOf(block).filter(isWanted);
    const late = last === undefined ? -1 : lines.findIndex(({ time }) => time > last);
    if (late < 0) yield lines;
    else return void (yield lines.slice(0, late));
  }
}

/** Entries of all files from where the tail begins. */
async function* chosenEntries(
  path: string,
  { since = 0n, tail = -1, follow }: LogOptions,
  writer: GrowingLog | undefined,
  left: AbortSignal,
): AsyncGenerator<Buffer, void> {
  await writer?.flush();
  using open = new DisposableStack();
  const generation = writer?.generation ?? 0;
  const segments = openSegments(path, Number(since / 1_000_000n)).map((segment) => open.use(segment));
  const growing = follow && writer !== undefined ? segments.at(-1) : undefined;
  const sizes = new Map(segments.map((segment) => [segment, segment.size]));
  const begin = tail < 0 ? { index: 0, offset: 0 } : await tailOf(segments, sizes, tail);
  for (const [index, segment] of segments.entries()) {
    if (index < begin.index) continue;
    await segment.expand();
    const lines = new LineBytes(index === begin.index ? begin.offset : 0);
    const isLast = index === segments.length - 1;
    if (writer !== undefined && segment === growing)
      yield* followEntries(path, { segment, lines, generation }, writer, left);
    else yield* readEntries(segment, lines, (isLast && sizes.get(segment)) || Number.POSITIVE_INFINITY);
    segment[Symbol.dispose]();
  }
}

/** In which file the last lines begin, and where. */
async function tailOf(segments: readonly LogSegment[], sizes: ReadonlyMap<LogSegment, number>, count: number) {
  let missing = count;
  for (const [index, segment] of [...segments.entries()].reverse()) {
    await segment.expand();
    const size = index === segments.length - 1 ? sizes.get(segment) : segment.size;
    const tail = await findTail(segment, size ?? 0, missing);
    if (tail.missing === 0) return { index, offset: tail.offset };
    missing = tail.missing;
  }
  return { index: 0, offset: 0 };
}

/** Whole lines from where `lines` is up to its end, or up to `limit`. */
async function* readEntries(segment: LogSegment, lines: LineBytes, limit: number): AsyncGenerator<Buffer, void> {
  for (let block = Buffer.allocUnsafe(firstBlock); ; ) {
    const wanted = Math.min(block.length, limit - lines.offset);
    const { bytesRead } = await segment.read(block, 0, wanted, lines.offset);
    if (bytesRead > 0) {
      const whole = lines.take(block.subarray(0, bytesRead));
      if (whole !== undefined) yield whole;
    }
    // A file gives less than it was asked for at its end only.
    if (bytesRead < wanted || wanted === 0) return;
    if (block.length < blockSize) block = Buffer.allocUnsafeSlow(blockSize);
  }
}

/** The same, and what is appended, from file to file, until the log is closed. */
async function* followEntries(
  path: string,
  start: { readonly segment: LogSegment; readonly lines: LineBytes; readonly generation: number },
  writer: GrowingLog,
  left: AbortSignal,
): AsyncGenerator<Buffer, void> {
  using growth = new Growth(writer, left);
  let { segment, lines, generation } = start;
  try {
    for (;;) {
      growth.arm();
      const isFollowed = writer.generation > generation;
      yield* readEntries(segment, lines, Number.POSITIVE_INFINITY);
      if (isFollowed) {
        segment[Symbol.dispose]();
        const next = openByAge(path, writer.generation - generation - 1);
        if (next === undefined) return;
        segment = next.segment;
        generation = writer.generation - next.age;
        await segment.expand();
        lines = new LineBytes(0);
      } else if (segment.size < lines.offset) {
        // Somebody has emptied the log: what it holds now has not been read.
        lines = new LineBytes(0);
      } else if (!(await growth.wait())) {
        return;
      }
    }
  } finally {
    segment[Symbol.dispose]();
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

  /** Take in bytes. @returns a copy of the lines that they complete, with all newlines. */
  take(bytes: Buffer): Buffer | undefined {
    this.offset += bytes.length;
    const end = bytes.lastIndexOf(newline) + 1;
    if (end === 0) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return undefined;
    }
    const whole = Buffer.concat([this.#rest, bytes.subarray(0, end)]);
    this.#rest = Buffer.from(bytes.subarray(end));
    return whole;
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
