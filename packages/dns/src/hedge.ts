import { FairleadError } from '@fairlead/base';

/**
 * One try at getting a result. It rejects, soon, when `signal` aborts, which is at the deadline: an attempt that has
 * lost the race may go on until then, so that a slow server can be told from a dead one.
 */
export type Attempt<T> = (signal: AbortSignal) => Promise<T>;

/** An attempt and how long to wait for those before it; a failure of the latest one starts the next at once. */
export interface PlannedAttempt<T> {
  readonly attempt: Attempt<T>;
  /** Milliseconds after the start of the attempt before it. */
  readonly delay: number;
}

/** When to give up and what to prefer. */
export interface HedgeOptions<T> {
  /** Milliseconds for everything. */
  readonly deadline: number;
  /** A result that should not beat an earlier attempt that is still under way. */
  readonly isTentative?: (result: T) => boolean;
  /** Milliseconds for which a tentative result waits for earlier attempts. */
  readonly patience?: number;
}

/**
 * Try several ways, the next one starting before the last has failed; the first result wins and no more are started.
 *
 * @throws FairleadError `unavailable` when all attempts failed or the deadline passed.
 */
export async function hedge<T>(plan: readonly PlannedAttempt<T>[], options: HedgeOptions<T>): Promise<T> {
  const race = new Race(plan, options);
  try {
    return await race.result;
  } finally {
    race.end();
  }
}

class Race<T> {
  readonly #plan: readonly PlannedAttempt<T>[];
  readonly #options: HedgeOptions<T>;
  readonly #outcome = Promise.withResolvers<T>();
  readonly #stop = new AbortController();
  readonly #pending = new Set<number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #tentative: { readonly value: T; readonly index: number } | undefined;
  #deadline: NodeJS.Timeout;
  #over = false;
  #next = 0;
  #causes: unknown[] = [];

  constructor(plan: readonly PlannedAttempt<T>[], options: HedgeOptions<T>) {
    this.#plan = plan;
    this.#options = options;
    this.#deadline = setTimeout(() => {
      this.#giveUp('no name server answered in time');
      this.#stop.abort();
    }, options.deadline);
    this.#startNext();
  }

  get result(): Promise<T> {
    return this.#outcome.promise;
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#over = true;
    this.#dropDeadline();
  }

  /** Nothing waits for the deadline any more. */
  #dropDeadline(): void {
    if (this.#over && this.#pending.size === 0) clearTimeout(this.#deadline);
  }

  #startNext(): void {
    const index = this.#next;
    const planned = this.#plan[index];
    if (planned === undefined) return this.#settleIfOver();
    this.#next++;
    this.#pending.add(index);
    planned.attempt(this.#stop.signal).then(
      (value) => this.#succeeded(index, value),
      (cause) => this.#failed(index, cause),
    );
    const following = this.#plan[index + 1];
    if (following === undefined) return;
    this.#after(following.delay, () => {
      if (this.#next === index + 1) this.#startNext();
    });
  }

  #succeeded(index: number, value: T): void {
    this.#pending.delete(index);
    if (this.#over) return this.#dropDeadline();
    const waitForEarlier = [...this.#pending].some((other) => other < index) && this.#options.isTentative?.(value);
    if (!waitForEarlier) return this.#outcome.resolve(value);
    if (this.#tentative !== undefined) return;
    this.#tentative = { value, index };
    this.#after(this.#options.patience ?? 0, () => this.#outcome.resolve(value));
  }

  #failed(index: number, cause: unknown): void {
    this.#pending.delete(index);
    if (this.#over) return this.#dropDeadline();
    this.#causes.push(cause);
    const held = this.#tentative;
    if (held !== undefined && ![...this.#pending].some((other) => other < held.index)) {
      return this.#outcome.resolve(held.value);
    }
    if (index === this.#next - 1) this.#startNext();
    else this.#settleIfOver();
  }

  #settleIfOver(): void {
    if (this.#pending.size > 0 || this.#next < this.#plan.length) return;
    if (this.#tentative === undefined) this.#giveUp('no name server answered');
    else this.#outcome.resolve(this.#tentative.value);
  }

  #giveUp(message: string): void {
    if (this.#tentative !== undefined) return this.#outcome.resolve(this.#tentative.value);
    const cause = new AggregateError(this.#causes);
    this.#outcome.reject(new FairleadError('unavailable', message, { cause }));
  }

  #after(milliseconds: number, work: () => void): void {
    this.#timers.add(setTimeout(work, milliseconds));
  }
}
