import type { OutputChunk } from '../container/stream-port.ts';
import { escapeJson, largestEscape } from './json-escape.ts';
import type { LogAttributes } from './log-attributes.ts';
import type { LogLine } from './log-port.ts';
import { formatLogTime, fullLogTime } from './log-time.ts';
import { plainLines } from './plain-lines.ts';

const prefixText = '{"log":"';
const prefix = Buffer.from(prefixText);
const newline = Buffer.from('\\n');

/**
 * Collects entries of Docker's json-file log in one buffer:
 *
 *     {"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}
 *
 * A piece of a line that is not its last has no `\n` at the end of `log`.
 */
export class EntryBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Bytes collected. */
  get length(): number {
    return this.#length;
  }

  /** Add an entry. @param suffix what {@link entrySuffix} made of stream and time. */
  add(bytes: Uint8Array, start: number, end: number, complete: boolean, suffix: Uint8Array): void {
    this.#reserve((end - start) * largestEscape + prefix.length + newline.length + suffix.length);
    const output = this.#bytes;
    let offset = append(prefix, output, this.#length);
    offset = escapeJson(bytes, start, end, output, offset);
    if (complete) offset = append(newline, output, offset);
    this.#length = append(suffix, output, offset);
  }

  /** Add whole lines, when all of them are plain. @param data ends with a newline. @returns false when they are not. */
  addPlain(data: Buffer, suffix: Uint8Array): boolean {
    const between = `\\n${Buffer.from(suffix).toString('latin1')}${prefixText}`;
    const lines = plainLines(data, between);
    if (lines === undefined) return false;
    this.#reserve(prefix.length + lines.length + newline.length + suffix.length);
    const begin = append(prefix, this.#bytes, this.#length);
    // Each on its own: strings put together first would be copied for it.
    const end = begin + this.#bytes.write(lines, begin, 'latin1');
    this.#length = append(suffix, this.#bytes, append(newline, this.#bytes, end));
    return true;
  }

  /** Add entries that were made elsewhere. */
  append(entries: Uint8Array): void {
    this.#reserve(entries.length);
    this.#bytes.set(entries, this.#length);
    this.#length += entries.length;
  }

  /** What was collected, valid until the next `add` after `clear`. */
  contents(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Start over. A buffer larger than `keep` bytes is given back: most containers are silent most of the time. */
  clear(keep: number): void {
    this.#length = 0;
    if (this.#bytes.length > keep) this.#bytes = Buffer.alloc(0);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, 4096));
    larger.set(this.contents());
    this.#bytes = larger;
  }
}

/** A call of `set` costs more than copying so few bytes one by one. */
function append(bytes: Uint8Array, output: Uint8Array, offset: number): number {
  for (let index = 0; index < bytes.length; index++) output[offset + index] = bytes[index] ?? 0;
  return offset + bytes.length;
}

/** How an entry ends. @param time nanoseconds since the epoch. */
export function entrySuffix(stream: OutputChunk['stream'], time: bigint, attributes: LogAttributes = {}): Uint8Array {
  const details = Object.keys(attributes).length > 0 ? `"attrs":${goJson(attributes)},` : '';
  return Buffer.from(`","stream":"${stream}",${details}"time":"${formatLogTime(time)}"}\n`);
}

/** JSON as Go writes it: what HTML would take for its own is escaped. */
function goJson(value: LogAttributes): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Read an entry; `undefined` for what is none, such as what a crash of the machine left. */
export function parseEntry(text: string): LogLine | undefined {
  const entry = tryParse(text);
  if (typeof entry !== 'object' || entry === null) return undefined;
  if (!('log' in entry) || typeof entry.log !== 'string') return undefined;
  if (!('time' in entry) || typeof entry.time !== 'string') return undefined;
  const stream = 'stream' in entry && entry.stream === 'stderr' ? 'stderr' : 'stdout';
  const line = { stream, data: Buffer.from(entry.log), time: fullLogTime(entry.time) } as const;
  return 'attrs' in entry ? { ...line, attributes: attributesOf(entry.attrs) } : line;
}

function attributesOf(value: unknown): LogAttributes {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
