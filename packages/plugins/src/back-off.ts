/** Seconds for which a plugin that does not answer the door is tried again; Docker's. */
export const PATIENCE = 30;

/**
 * Seconds to wait before the next attempt, as Docker waits: 1, 2, 4, 8, ...
 *
 * @param attempts failed so far, not counting the one that has just failed.
 * @param elapsed seconds since the first attempt.
 * @returns nothing when it is time to give up.
 */
export function waitBefore(attempts: number, elapsed: number, patience = PATIENCE): number | undefined {
  const wait = Math.min(2 ** attempts, PATIENCE);
  return wait + elapsed >= patience ? undefined : wait;
}
