/**
 * What has come while nobody looked, up to a number: who does not look for long is told how much is missing, and nobody's memory
 * grows meanwhile.
 */
export class Backlog<T> {
  readonly #capacity: number;
  #waiting: T[] = [];
  #missed = 0;

  /** @param capacity things that are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Something has come. The first are kept, not the last: what is taken has no gap in it. */
  add(thing: T): void {
    if (this.#waiting.length < this.#capacity) this.#waiting.push(thing);
    else this.#missed += 1;
  }

  /** All that is kept, in order, and how many came when there was no room for them. Nothing is left. */
  take(): { readonly kept: readonly T[]; readonly missed: number } {
    const taken = { kept: this.#waiting, missed: this.#missed };
    this.#waiting = [];
    this.#missed = 0;
    return taken;
  }
}
