import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../model/outcome.ts';

/** How things stand while a trace is waited for. */
export interface Standing {
  readonly outcome: Outcome;
  /** Sightings so far. */
  readonly seen: number;
}

/** Milliseconds between two looks. */
const STEP = 2;
/** Milliseconds without anything new after which what was decided stays so. */
const QUIET = 12;
/** The same for what was delivered: the answer has come back already. */
const QUIET_AFTER_ANSWER = 4;
/** The same where nothing answers by itself: an error takes its time, and so does a program. */
const QUIET_WITHOUT_ANSWER = 60;

/**
 * Wait until no more is to be expected.
 *
 * @param look takes in what has come, and judges it.
 * @param patience milliseconds after which it is over in any case.
 * @param silent true for a probe that is delivered without an answer.
 */
export async function settle(look: () => Standing, patience: number, silent: boolean): Promise<void> {
  const start = performance.now();
  let seen = -1;
  let changed = start;
  for (;;) {
    const standing = look();
    const now = performance.now();
    if (standing.seen !== seen) changed = now;
    seen = standing.seen;
    const quiet = quietFor(standing.outcome, patience, silent);
    if (now - changed >= quiet || now - start >= patience + QUIET_WITHOUT_ANSWER) return;
    await sleep(STEP);
  }
}

function quietFor(outcome: Outcome, patience: number, silent: boolean): number {
  if (!isFinal(outcome)) return patience;
  if (silent) return QUIET_WITHOUT_ANSWER;
  return outcome.verdict === 'delivered' ? QUIET_AFTER_ANSWER : QUIET;
}

/** A copy that went to the wrong one is no end while the real one may be on its way. */
function isFinal({ verdict, drop }: Outcome): boolean {
  if (verdict === 'lost' || verdict === 'unknown') return false;
  return drop?.reason !== 'OTHERHOST';
}
