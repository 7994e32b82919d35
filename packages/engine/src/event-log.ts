import type { EngineEvent } from './model.ts';

/** Events that are kept for clients that ask for the past; Docker keeps as many. */
const KEPT = 256;
/** Longest time that a timer can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What happens in the engine: kept for a while, and told to everybody who listens. */
export class EventLog {
  readonly #past: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #last = 0n;
  #total = 0;

  /** Say that something happened, now. */
  emit(event: Omit<EngineEvent, 'time'>): void {
    this.#total++;
    const stamped = { ...event, time: this.#now() };
    this.#past.push(stamped);
    if (this.#past.length > KEPT) this.#past.shift();
    for (const listener of this.#listeners) listener(stamped);
  }

  /**
   * Events from `since` on, live ones after those kept, until `until` or until `signal` fires. Times are nanoseconds
   * since the epoch. It listens from the call on, not only from the first event that is taken.
   */
  read(options: {
    readonly since?: bigint;
    readonly until?: bigint;
    readonly signal: AbortSignal;
  }): AsyncGenerator<EngineEvent, void, undefined> {
    const { since, until, signal } = options;
    const queue = since === undefined ? [] : this.#past.filter((event) => event.time >= since);
    let news = Promise.withResolvers<void>();
    const wake = () => news.resolve();
    const listener = (event: EngineEvent) => {
      queue.push(event);
      wake();
    };
    this.#listeners.add(listener);
    // A generator that is never begun never comes to its end.
    const leave = () => {
      this.#listeners.delete(listener);
      wake();
    };
    const timer = until === undefined ? undefined : setTimeout(leave, millisecondsUntil(until));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const isOver = () => !this.#listeners.has(listener);
    return (async function* () {
      try {
        for (;;) {
          const event = queue.shift();
          if (event !== undefined) {
            if (until !== undefined && event.time > until) return;
            yield event;
          } else if (isOver()) {
            return;
          } else {
            news = Promise.withResolvers<void>();
            await news.promise;
          }
        }
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        leave();
      }
    })();
  }

  /** How many there were. */
  get total(): number {
    return this.#total;
  }

  /** How many clients are told. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** The clock has milliseconds; events of one millisecond keep their order by counting on. */
  #now(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}

function millisecondsUntil(time: bigint): number {
  return Math.min(Math.max(Number(time / 1_000_000n) - Date.now(), 0), LONGEST_TIMER);
}
