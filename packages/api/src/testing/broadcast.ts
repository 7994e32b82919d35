/** Values that many readers follow, each from its own beginning. */
export class Broadcast<T> {
  readonly #values: T[] = [];
  #closed: boolean;
  #wake = Promise.withResolvers<void>();

  constructor(closed = false) {
    this.#closed = closed;
  }

  /** Everything so far. */
  get values(): readonly T[] {
    return this.#values;
  }

  push(value: T): void {
    this.#values.push(value);
    this.#notify();
  }

  /** No more values come. */
  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** Values from position `start` on, as they come, until the end or until `signal` is raised. */
  async *from(start: number, signal?: AbortSignal): AsyncGenerator<T> {
    const wake = (): void => this.#notify();
    signal?.addEventListener('abort', wake, { once: true });
    for (let index = start; signal?.aborted !== true; ) {
      const value = this.#values[index];
      if (index < this.#values.length && value !== undefined) {
        index++;
        yield value;
      } else if (this.#closed) {
        return;
      } else {
        await this.#wake.promise;
      }
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
