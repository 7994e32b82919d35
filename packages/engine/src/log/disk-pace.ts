/** Milliseconds from which on a write has not just gone into memory: the disk, or the kernel for its sake, made it wait. */
const SLOW_MS = 20;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 64_000;

/**
 * Whether it can be risked to write to the disk without leaving the event loop. As a rule the kernel only copies what is
 * written, in some microseconds; when too much waits for the disk it holds the writer up instead. After that nobody writes
 * so for a while, the longer the more often it happens.
 */
export class DiskPace {
  readonly #now: () => number;
  #restUntil = Number.NEGATIVE_INFINITY;
  #rest = FIRST_REST_MS;

  /** @param now milliseconds since any moment. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** True while writes are quick. */
  get isQuick(): boolean {
    return this.#now() >= this.#restUntil;
  }

  /** Write, and learn from how long it took. */
  run<T>(write: () => T): T {
    const start = this.#now();
    try {
      return write();
    } finally {
      this.#learn(this.#now() - start);
    }
  }

  #learn(milliseconds: number): void {
    if (milliseconds < SLOW_MS) {
      this.#rest = FIRST_REST_MS;
      return;
    }
    this.#restUntil = this.#now() + this.#rest;
    this.#rest = Math.min(this.#rest * 2, LONGEST_REST_MS);
  }
}
