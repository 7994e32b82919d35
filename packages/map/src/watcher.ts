/** Events that may wait for one watcher: whoever is so far behind starts anew. */
const CAPACITY = 200;

/** One who is told of events, at its own pace. */
export class Watcher<T> implements Disposable {
  readonly #signal: AbortSignal;
  readonly #waiting: T[] = [];
  #wake = Promise.withResolvers<void>();
  #isBehind = false;
  readonly #stop = (): void => this.#wake.resolve();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop);
  }

  /** Something happened. */
  tell(event: T): void {
    if (this.#waiting.length >= CAPACITY) this.#isBehind = true;
    else this.#waiting.push(event);
    this.#wake.resolve();
  }

  /** What it was told, in order, until the signal; it also ends for one who does not keep up, who then asks again. */
  async *events(): AsyncGenerator<T> {
    while (!this.#signal.aborted && !this.#isBehind) {
      const event = this.#waiting.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#stop);
  }
}
