/** Milliseconds for which pieces of output become larger ones, at most: who follows a log does not notice. */
export const longestGathering = 4;
/** Pieces that follow each other more quickly come from somebody who writes as fast as possible. */
const closeBehind = 1;

/** Bytes of a page: less at a time is somebody who writes lines, and not as fast as possible. */
const page = 1 << 12;
/** From so many bytes on it is worth it to gather more. */
const worthGathering = 1 << 13;

/** How to wait for the next piece: until there is anything, for some milliseconds, or only until others had their turn. */
export type Wait = 'readable' | number | 'turn';

/**
 * Whether output is taken as soon as there is some. A process that writes as fast as it can writes a page at a time, and
 * each piece costs the same, however large it is, and two changes of who has the processor: so when pieces come one upon
 * the other the next one is left to grow, for as long as it takes to fill at the speed at which the last one came. Who says
 * something now and then is heard at once.
 */
export class OutputPace {
  readonly #capacity: number;
  #last = Number.NEGATIVE_INFINITY;
  #gathers = false;

  /** @param capacity bytes that a piece has at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * A piece was taken and worked on.
   *
   * @param taken when, in milliseconds since any moment.
   * @param now when the work on it was done: what has come since it was taken is in the next piece.
   */
  taken(count: number, taken: number, now: number): Wait {
    const elapsed = taken - this.#last;
    this.#last = taken;
    this.#gathers = this.#gathers ? count >= worthGathering : count >= page && elapsed < closeBehind;
    if (!this.#gathers) return 'readable';
    const untilFull = Math.floor((this.#capacity / count) * elapsed - (now - taken));
    return count >= this.#capacity || untilFull < 1 ? 'turn' : Math.min(untilFull, longestGathering);
  }

  /** There was nothing to take. */
  empty(): Wait {
    this.#gathers = false;
    return 'readable';
  }
}
