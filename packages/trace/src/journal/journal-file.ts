import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of a file; there are two, so that between one and two of these are kept. */
const LIMIT = 1 << 20;

/** Values as lines of JSON in a file that does not grow without end. What a crash cut off is passed over. */
export class JournalFile<T> {
  readonly #path: string;
  readonly #limit: number;
  #waiting: string[] = [];

  /** @param limit bytes of a file. */
  constructor(folder: string, limit = LIMIT) {
    this.#path = join(folder, 'journal.jsonl');
    this.#limit = limit;
  }

  /** Append a value; it is on disk after this turn of the event loop. */
  append(value: T): void {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push(JSON.stringify(value));
  }

  /** Write what waits to be written. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    // A line that was cut off must not take the next one with it.
    const text = `${this.#endsMidway() ? '\n' : ''}${this.#waiting.join('\n')}\n`;
    this.#waiting = [];
    appendFileSync(this.#path, text, { mode: 0o600 });
    if (statSync(this.#path).size > this.#limit) renameSync(this.#path, `${this.#path}.1`);
  }

  /** All that is kept, oldest first. */
  read(): T[] {
    this.flush();
    return [`${this.#path}.1`, this.#path].flatMap((path) =>
      existsSync(path)
        ? readFileSync(path, 'utf8')
            .split('\n')
            .flatMap(valueIn<T>)
        : [],
    );
  }

  #checked = false;

  #endsMidway(): boolean {
    if (this.#checked) return false;
    this.#checked = true;
    return existsSync(this.#path) && !/(^|\n)$/.test(readFileSync(this.#path, 'utf8'));
  }
}

function valueIn<T>(line: string): T[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as T];
  } catch {
    return [];
  }
}
