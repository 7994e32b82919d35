/** Milliseconds for which what is told of something is taken for a consequence of our own work on it. */
export const aftermath = 3000;

/** What we have just worked on ourselves. It is forgotten when its time is over: names of interfaces are made without end. */
export class OwnTouches<Key> {
  readonly #times = new Map<Key, number>();

  /** How many are remembered. */
  get size(): number {
    return this.#times.size;
  }

  /** We do something. @param now milliseconds, of any clock that goes on. */
  add(key: Key, now: number): void {
    // The latest one stands last.
    this.#times.delete(key);
    this.#times.set(key, now);
    for (const [oldest, time] of this.#times) {
      if (now - time < aftermath) break;
      this.#times.delete(oldest);
    }
  }

  /** True for what we have just worked on. */
  has(key: Key, now: number): boolean {
    return now - (this.#times.get(key) ?? Number.NEGATIVE_INFINITY) < aftermath;
  }
}
