import type { OpenNamespace } from '@fairlead/kernel';
import { readLegacyTablesHere } from '@fairlead/kernel/tracing';
import { legacyRules } from '../legacy/legacy-rules.ts';
import type { LegacyRecord } from '../program/legacy-record.ts';
import { authorOf } from './author.ts';
import type { Tell } from './foreign-batch.ts';
import { LegacyAuthors } from './legacy-authors.ts';
import { LegacyChanges } from './legacy-changes.ts';
import { watchLegacyTables } from './legacy-watch.ts';

/** Milliseconds after which a table that somebody gives the kernel is nearly always in place; a large one takes longer. */
const SOON = 5;
const LATER = 100;

/** Tables of the older iptables, of whose changes the kernel tells nobody: they are compared. */
export class LegacyEvents implements Disposable {
  readonly #host: OpenNamespace;
  readonly #tell: Tell;
  readonly #changes: LegacyChanges;
  readonly #authors = new LegacyAuthors();
  #watch: Disposable | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(host: OpenNamespace, tell: Tell) {
    this.#host = host;
    this.#tell = tell;
    this.#changes = new LegacyChanges(this.#read());
  }

  /** Hear of who makes them. @param ownProcess our own number, as the kernel has it. @throws as `watchLegacyTables` */
  begin(ownProcess: number): void {
    this.#watch = watchLegacyTables(this.#host, ownProcess, (record) => this.#made(record));
  }

  /** Look for changes. @returns whether there were any. */
  compare(): boolean {
    const changes = this.#changes.seen(this.#read());
    if (changes.length === 0) return false;
    const { program, processId } = this.#authors.take(performance.now());
    const author =
      processId === undefined ? { ...(program !== undefined && { program }) } : authorOf(processId, program);
    for (const change of changes) this.#tell({ kind: 'foreign', what: 'firewall', ...change, ...author }, Date.now());
    return true;
  }

  /** The kernel is told of the table a moment later. */
  #made(record: LegacyRecord): void {
    if (!this.#authors.note(record, performance.now()) || this.#look !== undefined) return;
    this.#look = setTimeout(() => {
      this.#look = this.compare() ? undefined : setTimeout(() => this.#lookAgain(), LATER).unref();
    }, SOON).unref();
  }

  #lookAgain(): void {
    this.#look = undefined;
    this.compare();
  }

  #read() {
    return this.#host.enter(readLegacyTablesHere).map(legacyRules);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#look);
    this.#watch?.[Symbol.dispose]();
  }
}
