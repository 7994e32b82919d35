import type { EngineEvent } from './model.ts';

/** Events that are kept for clients that ask for the past; Docker keeps as many. */
const KEPT = 256;

/** What happens in the engine: kept for a while, and told to everybody who listens. */
export class EventLog {
  readonly #past: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #last = 0n;

  /** Say that something happened, now. */
  emit(event: Omit<EngineEvent, 'time'>): void {
    const stamped = { ...event, time: this.#now() };
    this.#past.push(stamped);
    if (this.#past.length > KEPT) this.#past.shift();
    for (const listener of this.#listeners) listener(stamped);
  }

  /**
   * Events from `since` on, live ones after those kept, until `until` or until `signal` fires. Times are nanoseconds
   * since the epoch.
   */
  async *read(options: {
    readonly since?: bigint;
    readonly until?: bigint;
    readonly signal: AbortSignal;
  }): AsyncGenerator<EngineEvent, void, undefined> {
    const { since, until, signal } = options;
    const queue = since === undefined ? [] : this.#past.filter((event) => event.time >= since);
    let wake: (() => void) | undefined;
    const listener = (event: EngineEvent) => {
      queue.push(event);
      wake?.();
    };
    const stop = AbortSignal.any([signal, ...(until === undefined ? [] : [endOf(until)])]);
    this.#listeners.add(listener);
    stop.addEventListener('abort', () => wake?.(), { once: true });
    try {
      for (;;) {
        const event = queue.shift();
        if (event !== undefined) {
          if (until !== undefined && event.time > until) return;
          yield event;
        } else if (stop.aborted) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** The clock has milliseconds; events of one millisecond keep their order by counting on. */
  #now(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}

function endOf(until: bigint): AbortSignal {
  const milliseconds = Number(until / 1_000_000n) - Date.now();
  return milliseconds <= 0 ? AbortSignal.abort() : AbortSignal.timeout(Math.min(milliseconds, 2 ** 31 - 1));
}
