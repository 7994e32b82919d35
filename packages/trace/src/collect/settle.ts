import type { Outcome } from '../model/outcome.ts';

/** How things stand while a trace is waited for. */
export interface Standing {
  readonly outcome: Outcome;
  /** Sightings so far. */
  readonly seen: number;
}

/** Tells when there may be something new to look at. */
export interface News {
  /** @param hear is called each time, until disposed of. */
  listen(hear: () => void): Disposable;
}

/** What a probe is given to settle. */
export interface Patience {
  /** Milliseconds after which it is over in any case. */
  readonly milliseconds: number;
  /** True for a probe that is delivered without an answer. */
  readonly silent: boolean;
}

/** Milliseconds without anything new after which what was decided stays so. */
const QUIET = 12;
/** The same once the answer has come back, whatever it says. */
const QUIET_AFTER_ANSWER = 4;
/** The same where nothing answers by itself: an error takes its time, and so does a program. */
const QUIET_WITHOUT_ANSWER = 60;

/**
 * Wait until no more is to be expected. One looks when there is news and when it is over, and never in between: that would take
 * time of the processor from others.
 *
 * @param look takes in what has come, and judges it.
 */
export async function settle(look: () => Standing, news: News, patience: Patience): Promise<void> {
  const start = performance.now();
  let seen = -1;
  let changed = start;
  for (;;) {
    const standing = look();
    const now = performance.now();
    if (standing.seen !== seen) changed = now;
    seen = standing.seen;
    const quiet = changed + quietFor(standing.outcome, patience) - now;
    const end = start + patience.milliseconds + QUIET_WITHOUT_ANSWER - now;
    if (quiet <= 0 || end <= 0) return;
    await pause(Math.min(quiet, end), news);
  }
}

/** Until there is news, or so many milliseconds are over: a timer may be early by less than one. */
async function pause(milliseconds: number, news: News): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.ceil(milliseconds));
  using _ = news.listen(resolve);
  await promise;
  clearTimeout(timer);
}

function quietFor(outcome: Outcome, { milliseconds, silent }: Patience): number {
  if (!isFinal(outcome)) return milliseconds;
  if (silent) return QUIET_WITHOUT_ANSWER;
  return outcome.verdict === 'delivered' || outcome.returned ? QUIET_AFTER_ANSWER : QUIET;
}

/** A copy that went to the wrong one is no end while the real one may be on its way. */
function isFinal({ verdict, drop }: Outcome): boolean {
  if (verdict === 'lost' || verdict === 'unknown') return false;
  return drop?.reason !== 'OTHERHOST';
}
