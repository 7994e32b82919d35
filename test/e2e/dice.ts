/**
 * Numbers at random that a seed decides (mulberry32, whose 2³² states all come before one comes again). A test says its seed,
 * and `FAIRLEAD_TEST_SEED` has it do the same again.
 */
export class Dice {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env['FAIRLEAD_TEST_SEED'] ?? Date.now() % 1_000_000)) {
    this.seed = seed;
    this.#state = seed;
  }

  /** From 0 up to a limit that is not reached. */
  upTo(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return (((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit;
  }

  /** A whole number, 0 or more. */
  below(count: number): number {
    return Math.floor(this.upTo(count));
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  }
}
