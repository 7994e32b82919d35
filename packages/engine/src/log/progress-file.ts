import { closeSync, constants, openSync, readSync, rmSync, writeSync } from 'node:fs';
import {
  type EntryPlace,
  formatProgress,
  type LogProgress,
  newest,
  type ProgressRecord,
  parseProgress,
} from './log-progress.ts';

/** Longer than any record: of each stream less than 16 KiB wait, and a byte becomes six characters at most. */
const slotSize = 1 << 18;
/** What is read first of a slot: most records are a line or two of output. */
const usualSize = 1 << 12;

/**
 * Keeps the progress of a log where a program that is killed leaves it to its successor. The kernel may have taken only the
 * first pages of what was being written then, so records go to two slots in turn.
 */
export class ProgressFile {
  readonly #path: string;
  #descriptor: number | undefined;
  #last: ProgressRecord | undefined;

  /** @throws Error of the file system. */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#last = newest(readSlot(this.#descriptor, 0), readSlot(this.#descriptor, slotSize));
  }

  /** What was written last, by whomever. */
  get progress(): LogProgress | undefined {
    return this.#last?.progress;
  }

  write(progress: LogProgress): void {
    if (this.#descriptor === undefined) return;
    const number = (this.#last?.number ?? 0) + 1;
    this.#last = { number, progress };
    try {
      writeSync(this.#descriptor, formatProgress(this.#last), (number % 2) * slotSize, 'latin1');
    } catch {
      // Some output is lost or comes twice when the program is killed, and only then.
    }
  }

  /** The log will go on in another file, or if that fails in the one that it has. */
  goOn(inode: number, next: EntryPlace): void {
    const { isWritten = false, places = [], unfinished = [] } = this.progress ?? {};
    this.write({ isWritten, places: [...places.filter((place) => place.inode === inode), next], unfinished });
  }

  /** Nothing waits any more, and nothing will. */
  remove(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(this.#path, { force: true });
  }
}

function readSlot(descriptor: number, position: number): ProgressRecord | undefined {
  const read = (size: number) => {
    const bytes = Buffer.allocUnsafe(size);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, size, position));
  };
  const begin = read(usualSize);
  return parseProgress(begin.includes('\n') || begin.length < usualSize ? begin : read(slotSize));
}
