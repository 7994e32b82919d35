import type { LegacyRecord } from '../program/legacy-record.ts';
import type { ForeignEntry } from './journal-entry.ts';

/** Milliseconds after which a table that somebody has put together is in place, or was refused. */
const SETTLED = 1000;
/** The kernel's function that makes counters of rules, or the one that does it for whoever asks. */
const counters = /^(xt_percpu_counter_alloc|__alloc_percpu)/;

/** Who has given the kernel tables of the older iptables lately. */
export class LegacyAuthors {
  #records: { readonly record: LegacyRecord; readonly time: number }[] = [];

  /** Somebody does. @param now milliseconds, of any clock that goes on. @returns false for what is something else. */
  note(record: LegacyRecord, now: number): boolean {
    if (!counters.test(record.function)) return false;
    this.#records.push({ record, time: now });
    return true;
  }

  /** Who has made what has changed: where there were several of one name, the name alone, and of different names nobody. */
  take(now: number): Pick<ForeignEntry, 'program' | 'processId'> {
    const recent = this.#records.filter(({ time }) => now - time < SETTLED).map(({ record }) => record);
    this.#records = [];
    const [first, ...others] = recent;
    if (first === undefined) return {};
    const { program, processId } = first;
    if (others.some((other) => other.program !== program)) return {};
    return others.some((other) => other.processId !== processId) ? { program } : { program, processId };
  }
}
