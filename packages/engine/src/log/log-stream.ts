import type { OutputChunk } from '../container/stream-port.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LogAttributes } from './log-attributes.ts';
import { type EntryBuffer, entrySuffix } from './log-entry.ts';

/** From so many bytes on whole lines are looked at together. */
const worthLooking = 1 << 10;
/** So many at a time: the strings that they become stay in the processor's cache, and among V8's young objects. */
const togetherAtMost = 1 << 15;
const newline = 10;

/** One of the two streams: makes entries of lines. */
export class LogStream {
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
    for (const part of partsOf(lines)) if (!output.addPlain(part, this.#suffix)) this.#splitter.push(part);
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

/** Whole lines in parts that end with a line; a longer one is a part of its own. */
function* partsOf(lines: Buffer): Generator<Buffer, void> {
  for (let start = 0; start < lines.length; ) {
    const last = lines.lastIndexOf(newline, start + togetherAtMost - 1);
    const end = 1 + (last < start ? lines.indexOf(newline, start) : last);
    yield lines.subarray(start, end);
    start = end;
  }
}
