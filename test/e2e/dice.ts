/**
 * Numbers at random that a seed decides (a linear congruential generator). A test says its seed, and `FAIRLEAD_TEST_SEED`
 * has it do the same again.
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
    this.#state = (this.#state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (this.#state / 2_147_483_648) * limit;
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
