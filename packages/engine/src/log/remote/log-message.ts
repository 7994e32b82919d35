import { randomBytes } from 'node:crypto';
import type { OutputChunk } from '../../container/stream-port.ts';
import { LineSplitter } from '../line-splitter.ts';
import type { LogAttributes } from '../log-attributes.ts';

/** One line that a container has written, or a piece of a long one. */
export interface LogMessage {
  readonly stream: OutputChunk['stream'];
  /** Without the newline. */
  readonly line: Buffer;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Present for the pieces of a line that is longer than 16 KiB, the last of which ends it. */
  readonly partial?: { readonly id: string; readonly ordinal: number; readonly isLast: boolean };
}

/** The container that messages come from, as receivers are told of it. */
export interface LogOrigin {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly image: string;
  /** Executable and arguments. */
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly tag: string;
  /** Labels and variables that were asked for. */
  readonly attributes: LogAttributes;
  /** Of the machine. */
  readonly hostname: string;
}

/** Makes messages of what a container writes into one of its streams. */
export class MessageStream {
  readonly #stream: OutputChunk['stream'];
  readonly #take: (message: LogMessage) => void;
  readonly #splitter = new LineSplitter((bytes, start, end, isLast) => this.#add(bytes.subarray(start, end), isLast));
  #time = 0n;
  #ended = false;
  #partial: { readonly id: string; readonly time: bigint; ordinal: number } | undefined;

  constructor(stream: OutputChunk['stream'], take: (message: LogMessage) => void) {
    this.#stream = stream;
    this.#take = take;
  }

  /** Take in bytes. @param time nanoseconds since the epoch. */
  write(data: Uint8Array, time: bigint): void {
    this.#time = time;
    this.#splitter.push(data);
  }

  /** Nothing follows: what is left is a line. */
  end(time: bigint): void {
    this.#time = time;
    this.#ended = true;
    this.#splitter.end();
  }

  #add(bytes: Uint8Array, isComplete: boolean): void {
    const line = Buffer.from(bytes);
    const isLast = isComplete || this.#ended;
    if (isLast && this.#partial === undefined) return this.#take({ stream: this.#stream, line, time: this.#time });
    this.#partial ??= { id: randomBytes(32).toString('hex'), time: this.#time, ordinal: 0 };
    this.#partial.ordinal++;
    const { id, ordinal, time } = this.#partial;
    if (isLast) this.#partial = undefined;
    this.#take({ stream: this.#stream, line, time, partial: { id, ordinal, isLast } });
  }
}
