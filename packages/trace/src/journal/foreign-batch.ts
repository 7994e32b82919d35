import type { Author } from './author.ts';
import type { ForeignEntry } from './journal-entry.ts';

/** Milliseconds after which what we did ourselves has been recorded: that is done when the kernel has answered. */
const SETTLED = 1500;
/** The longest time for which changes are gathered, when they do not end. */
const LONGEST = 60_000;
/** Milliseconds without a change after which the next one is told soon again. */
const QUIET = 10_000;
/** As many are told one by one; of more there is one entry. */
const SINGLE = 10;
/** As many of those are named. */
const DETAILS = 5;
/** Different changes that are remembered until they are told; what comes beyond is counted. */
const CAPACITY = 1000;

/** What changes that are gathered are of. */
export type GatheredKind = keyof typeof plural;

/** Something that changed. */
export interface GatheredChange {
  /** `route 10.8.0.0/16 dev wg0 added`. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly author: Author;
  /** Asked when it is to be told: true for what has turned out to be our own, or not to be so. */
  readonly isMoot: () => boolean;
}

/** A change, and how often it was made. */
interface Counted extends GatheredChange {
  count: number;
}

/** How an entry is handed over. @param time milliseconds since the epoch: most is told a little later than it happens. */
export type Tell = (entry: ForeignEntry, time: number) => void;

/**
 * Gathers changes of one sort and tells them a little later: the same ones once, with their number, and of many an entry
 * with the first of them. While ever more come it tells ever more rarely, down to once a minute.
 */
export class ForeignBatch implements Disposable {
  readonly #what: GatheredKind;
  readonly #tell: Tell;
  #changes = new Map<string, Counted>();
  #surplus = 0;
  #timer: NodeJS.Timeout | undefined;
  #pause = SETTLED;
  /** Changes that were told since it was quiet last, and when. */
  #told = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(what: GatheredKind, tell: Tell) {
    this.#what = what;
    this.#tell = tell;
  }

  /** Something has changed. */
  add(change: GatheredChange): void {
    const known = this.#changes.get(change.text);
    if (known !== undefined) known.count += 1;
    else if (this.#changes.size < CAPACITY) this.#changes.set(change.text, { ...change, count: 1 });
    else this.#surplus += 1;
    if (this.#timer !== undefined) return;
    if (performance.now() - this.#toldAt > QUIET) this.#told = 0;
    this.#pause = this.#told <= SINGLE ? SETTLED : Math.min(this.#pause * 2, LONGEST);
    this.#timer = setTimeout(() => this.#flush(), this.#pause).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    const changes = [...this.#changes.values()].filter(({ isMoot }) => !isMoot());
    for (const { entry, time } of entriesOf(this.#what, changes, this.#surplus)) this.#tell(entry, time);
    if (changes.length > 0) this.#toldAt = performance.now();
    this.#told += changes.reduce((sum, { count }) => sum + count, this.#surplus);
    this.#changes = new Map();
    this.#surplus = 0;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** The entries that tell changes. @param surplus how many there were beyond these. */
export function entriesOf(
  what: GatheredKind,
  changes: readonly (GatheredChange & { readonly count: number })[],
  surplus = 0,
): { readonly entry: ForeignEntry; readonly time: number }[] {
  if (changes.length + surplus <= SINGLE) {
    return changes.map((change) => {
      const { text, time, author, count } = change;
      const name = count === 1 ? text : `${text} (${count} times)`;
      return { entry: { kind: 'foreign', what, name, details: [], ...author }, time };
    });
  }
  const byAuthor = Map.groupBy(changes, ({ author }) => JSON.stringify(author));
  return [...byAuthor].map(([key, members]) => {
    const total = members.reduce((sum, { count }) => sum + count, 0) + surplus;
    const author: Author = JSON.parse(key);
    const details = members
      .slice(0, DETAILS)
      .map(({ text, count }) => (count === 1 ? text : `${text} (${count} times)`));
    const name = `${total} changes of ${plural[what]}`;
    return { entry: { kind: 'foreign', what, name, details, ...author }, time: members[0]?.time ?? 0 };
  });
}

const plural = {
  firewall: 'firewall rules',
  interface: 'interfaces',
  route: 'routes and rules',
  setting: 'settings',
} as const satisfies Partial<Record<ForeignEntry['what'], string>>;
