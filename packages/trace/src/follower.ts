/** Lines that wait for one follower; who is so far behind reads too slowly to be told all. */
const CAPACITY = 10_000;

/** One who is told of what happens, and reads it at his own pace. */
export class Follower<T> implements Disposable {
  readonly #signal: AbortSignal;
  readonly #lossOf: (missed: number) => T;
  readonly #capacity: number;
  readonly #waiting: T[] = [];
  /** Lines that came when there was no room for them. */
  #missed = 0;
  #news = Promise.withResolvers<void>();
  readonly #stop = (): void => this.#news.resolve();

  /** @param lossOf the line that says how many are missing. @param capacity lines. */
  constructor(signal: AbortSignal, lossOf: (missed: number) => T, capacity = CAPACITY) {
    this.#signal = signal;
    this.#lossOf = lossOf;
    this.#capacity = capacity;
    signal.addEventListener('abort', this.#stop);
  }

  /** Something has happened. After a loss nothing is kept until it has been told: lines stay in order. */
  tell(line: T): void {
    if (this.#missed > 0 || this.#waiting.length >= this.#capacity) this.#missed += 1;
    else this.#waiting.push(line);
    this.#news.resolve();
  }

  /** What it was told, in order, until the signal. */
  async *lines(): AsyncGenerator<T> {
    while (!this.#signal.aborted) {
      const line = this.#waiting.shift() ?? this.#loss();
      if (line !== undefined) {
        yield line;
        continue;
      }
      this.#news = Promise.withResolvers();
      await this.#news.promise;
    }
  }

  #loss(): T | undefined {
    const missed = this.#missed;
    this.#missed = 0;
    return missed === 0 ? undefined : this.#lossOf(missed);
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#stop);
  }
}
