/** Each connection draws a number below this: `meta random`, which has 32 bits. */
const NUMBERS = 2 ** 32;

/** Bits of a number that shares are told apart by, beyond those that count the backends: see {@link turnsOf}. */
const FINENESS = 7;

/** The selector that draws it, which is also the type of such a field of a key. */
export const turn = 'meta random';

/**
 * The numbers of each of so many backends: intervals that leave none out, one element for each. They begin at multiples of a
 * power of two, for the kernel takes an interval apart into one rule for each run of bits at its ends (net/netfilter/
 * nft_set_pipapo.c): with ends anywhere among 2³² an element is some sixty rules, and each is cut out of the set when it goes.
 * Shares differ by less than one part in 128.
 */
export function turnsOf(backends: number): readonly string[] {
  const steps = 2 ** Math.min(32, Math.ceil(Math.log2(Math.max(backends, 1))) + FINENESS);
  const start = (index: number) => Math.floor((index * steps) / backends) * (NUMBERS / steps);
  return Array.from({ length: backends }, (_, index) => `${start(index)}-${start(index + 1) - 1}`);
}
