import { join } from 'node:path';
import { messageOf } from '@fairlead/base';
import type { Operation, Recorder } from '@fairlead/kernel';
import { keepKernelLayout } from '../collect/layout-source.ts';
import { Follower } from '../follower.ts';
import { type ForeignListener, type ForeignWatch, watchForeignChanges } from './foreign-watch.ts';
import { type ForeignEntry, type JournalEntry, type JournalFilter, matchesJournalFilter } from './journal-entry.ts';
import { JournalFile } from './journal-file.ts';

/** What the journal stands on. */
export interface JournalParts {
  /** Where its files are. */
  readonly folder: string;
  readonly recorder: Recorder;
  readonly isOwn: ForeignListener['isOwn'];
}

/** As many changes that put something back are named. */
const DETAILS = 5;

/** As it is in the file: numbers of operations are only good within one run of the daemon. */
type StoredEntry = JournalEntry & { readonly run: number };

/** What was done to the network and by whom, in order; it outlives the daemon. */
export class Journal implements Disposable {
  readonly #file: JournalFile<StoredEntry>;
  /** When the daemon was started, which tells its runs apart. */
  readonly #run = Math.floor(performance.timeOrigin);
  readonly #readers = new Set<(entry: JournalEntry) => void>();
  readonly #watch: ForeignWatch;
  readonly #parts: DisposableStack;

  /** Begins with what was done already. */
  constructor({ folder, recorder, isOwn }: JournalParts) {
    using parts = new DisposableStack();
    this.#file = new JournalFile(folder);
    keepKernelLayout(join(folder, 'kernel-layout.json'));
    this.#note({ time: this.#run, kind: 'daemon', name: 'daemon started' });
    for (const operation of recorder.operations()) this.#operation(operation, undefined);
    const watch = parts.use(
      watchForeignChanges({
        isOwn,
        change: (entry, time) => this.#note({ time, ...entry }),
        loss: () => this.#note({ time: Date.now(), kind: 'daemon', name: 'changes lost' }),
      }),
    );
    const end = (operation: Operation, failure: unknown) => this.#operation(operation, failure);
    parts.use(recorder.observe({ record: (entry) => watch.touch(entry), end }));
    this.#watch = watch;
    this.#parts = parts.move();
  }

  /** Somebody took something away, and it was put back: what of it is ours hides that it was somebody else. */
  repaired(lost: readonly string[], made: readonly string[]): void {
    const details = made.slice(0, DETAILS).map((change) => `put back: ${change}`);
    const surplus = made.length - details.length;
    this.#note({
      time: Date.now(),
      kind: 'foreign',
      what: 'interface',
      name: lost.join(', '),
      details: surplus > 0 ? [...details, `and ${surplus} more`] : details,
    });
  }

  /** Somebody else takes an address or a bridge of ours for his own. */
  claimed(claim: Pick<ForeignEntry, 'program' | 'machine' | 'name' | 'details'>): void {
    this.#note({ time: Date.now(), kind: 'foreign', what: 'claim', ...claim });
  }

  /** What is kept, in the order in which it began. */
  entries(filter: JournalFilter): JournalEntry[] {
    this.#watch.compare();
    return this.#file
      .read()
      .map((stored) => this.#visible(stored))
      .filter((entry) => matchesJournalFilter(filter, entry))
      .sort((a, b) => a.time - b.time);
  }

  /** What comes, until the signal; before that what is kept when a beginning is given. */
  async *follow(filter: JournalFilter, signal: AbortSignal): AsyncGenerator<JournalEntry> {
    const kept = filter.since === undefined ? [] : this.entries(filter);
    const lossOf = (): JournalEntry => ({ time: Date.now(), kind: 'daemon', name: 'changes lost' });
    using follower = new Follower<JournalEntry>(signal, lossOf);
    const reader = (entry: JournalEntry) => {
      if (matchesJournalFilter(filter, entry)) follower.tell(entry);
    };
    this.#readers.add(reader);
    try {
      yield* kept;
      yield* follower.lines();
    } finally {
      this.#readers.delete(reader);
    }
  }

  #operation({ id, name, startedAt, entries }: Operation, failure: unknown): void {
    const time = startedAt.getTime();
    this.#note({
      time,
      kind: 'operation',
      operation: String(id),
      name,
      milliseconds: Date.now() - time,
      steps: entries.length,
      ...(failure !== undefined && { failure: messageOf(failure) }),
    });
  }

  #note(entry: JournalEntry): void {
    this.#file.append({ ...entry, run: this.#run });
    for (const reader of this.#readers) reader(entry);
  }

  #visible({ run, ...entry }: StoredEntry): JournalEntry {
    if (run === this.#run || entry.kind !== 'operation') return entry;
    const { operation: _, ...rest } = entry;
    return rest;
  }

  [Symbol.dispose](): void {
    this.#parts[Symbol.dispose]();
    this.#note({ time: Date.now(), kind: 'daemon', name: 'daemon stopped' });
    this.#file.flush();
  }
}
