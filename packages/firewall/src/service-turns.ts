/** Each connection draws a number below this: `meta random`, which has 32 bits. */
const NUMBERS = 2 ** 32;

/** The selector that draws it, which is also the type of such a field of a key. */
export const turn = 'meta random';

/**
 * The numbers of each of so many backends: intervals of the same length, give or take one, which leave none out. A backend is
 * one element whatever else there is, and the shares are the same to a part in four thousand million.
 */
export function turnsOf(backends: number): readonly string[] {
  const start = (index: number) => Math.floor((index * NUMBERS) / backends);
  return Array.from({ length: backends }, (_, index) => `${start(index)}-${start(index + 1) - 1}`);
}
