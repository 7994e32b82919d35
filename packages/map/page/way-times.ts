/** Milliseconds for one leg of a packet's way. */
export const LEG = 260;

/**
 * When the legs begin of a way that is known as far as this by now: each after the one before it, and at once when that is over.
 * The first stop has none; its time is that of the way.
 *
 * @param known those that have been told before, which stay.
 * @param now milliseconds on any clock.
 */
export function beginsOf(stops: number, known: readonly number[], now: number): number[] {
  const begins = known.slice(0, stops);
  while (begins.length < stops) {
    const before = begins.at(-1);
    begins.push(before === undefined ? now : Math.max(now, before + (begins.length > 1 ? LEG : 0)));
  }
  return begins;
}
