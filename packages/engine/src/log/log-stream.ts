import type { OutputChunk } from '../engine-port.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LogAttributes } from './log-attributes.ts';
import { type EntryBuffer, entrySuffix } from './log-entry.ts';

/** From so many bytes on whole lines are looked at together. */
const worthLooking = 1 << 10;
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
