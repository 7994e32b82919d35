/**
 * Milliseconds without a sight of a probe after which its rules are watched no longer. As long as they are, every chain of the
 * machine costs everybody more. Nearly all of a trace is over in 12 ms, and an answer from the other side of the earth takes
 * less than this; what is seen later has waited: in a queue, for a neighbour, with a program.
 */
export const ATTENTION = 250;

/** Nanoseconds by which a sight may be told later than it was. */
const MARGIN = 1_000_000n;

/** When rules were not watched: from one moment until another of the monotonic clock, in nanoseconds. */
export interface Gap {
  readonly from: bigint;
  /** Absent while it lasts. */
  readonly until?: bigint;
}

/**
 * When rules are watched: from when a probe is sent until none has been seen for some time; and again when one is seen after
 * all, for what follows then. Moments are of the monotonic clock, in nanoseconds.
 */
export class RuleHours {
  readonly #attention: number;
  readonly #gaps: Gap[] = [];
  #stirred = 0n;

  /** @param attention milliseconds; `Infinity` for all the time. */
  constructor(attention = ATTENTION) {
    this.#attention = attention;
  }

  /** When they were not, in order. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  get areWatched(): boolean {
    const last = this.#gaps.at(-1);
    return last === undefined || last.until !== undefined;
  }

  /** A probe is sent, or was seen. */
  stir(now: bigint): void {
    this.#stirred = now;
  }

  /** Milliseconds until they are to be let alone: 0 or less when that is due. */
  left(now: bigint): number {
    return this.#attention - Number(now - this.#stirred) / 1e6;
  }

  /** They are let alone, from now on. */
  pause(now: bigint): void {
    if (this.areWatched) this.#gaps.push({ from: now - MARGIN });
  }

  /** They are watched again, as of now. */
  resume(now: bigint): void {
    const last = this.#gaps.at(-1);
    if (last !== undefined && last.until === undefined) this.#gaps[this.#gaps.length - 1] = { ...last, until: now };
  }
}
