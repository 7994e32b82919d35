/** Milliseconds for which pieces of output become larger ones: no more than what a pipe holds comes meanwhile. */
export const gatheringMs = 1;

/** Bytes of a page: less at a time is somebody who writes lines, and not as fast as possible. */
const page = 1 << 12;
/** From so many bytes in that time on it is worth it. */
const worthGathering = 1 << 13;

/** How to wait for the next piece: until there is anything, for {@link gatheringMs}, or only until others had their turn. */
export type Wait = 'readable' | 'moment' | 'turn';

/**
 * Whether output is taken as soon as there is some. A process that writes as fast as it can writes a page at a time, and
 * each piece costs the same, however large it is, and two changes of who has the processor: so when pieces come one upon
 * the other the next one is left to grow. Who says something now and then is heard at once.
 */
export class OutputPace {
  readonly #capacity: number;
  #last = Number.NEGATIVE_INFINITY;
  #gathers = false;

  /** @param capacity bytes that a piece has at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A piece was taken. @param now milliseconds since any moment. */
  taken(count: number, now: number): Wait {
    const isCloseBehind = now - this.#last < gatheringMs;
    this.#last = now;
    this.#gathers = this.#gathers ? count >= worthGathering : count >= page && isCloseBehind;
    if (!this.#gathers) return 'readable';
    return count * 2 >= this.#capacity ? 'turn' : 'moment';
  }

  /** There was nothing to take. */
  empty(): Wait {
    this.#gathers = false;
    return 'readable';
  }
}
