import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, OpenNamespace } from '@fairlead/kernel';
import type { NamespaceName } from '@fairlead/netlink';
import { readHost } from '../collect/host-addresses.ts';
import { Follower } from '../follower.ts';
import type { Directory } from '../model/directory.ts';
import { FlowBook } from './flow-book.ts';
import { type DropSource, openDropSource } from './flow-drops.ts';
import { type FlowFilter, matchesFlowFilter } from './flow-filter.ts';
import { FlowNames } from './flow-names.ts';
import type { FlowNotice, FlowReport } from './flow-report.ts';
import { accountingKey, type FlowWatch, openFlowTable, readAccounting, watchFlows } from './flow-watch.ts';

/** Milliseconds between two reports. */
const INTERVAL = 250;
/** Flows that closed within an interval whose counts are asked for one by one; of others the end tells. */
const QUESTIONS = 200;

/** What the log needs of the engine. */
export interface FlowSurroundings {
  readonly directory: () => Directory;
  /** Call back whenever containers or networks come, go or change names, until disposed of. */
  readonly onChange: (work: () => void) => Disposable;
  /** Let a namespace count from now on; undone when disposed of, where it is not a container's own. */
  readonly count: (namespace: NamespaceName) => Promise<AsyncDisposable>;
  /** Flows that have ended and are kept; 0 keeps none, and listens only while somebody asks. */
  readonly history: number;
}

/** A line of the log. */
export type FlowLine = FlowReport | FlowNotice;

/** Everything that listens, while it does. */
interface Listening {
  readonly book: FlowBook;
  readonly watches: Map<NamespaceName, FlowWatch>;
  readonly drops: DropSource;
  readonly parts: AsyncDisposableStack;
}

/** Who talks to whom, from what the kernel says about connections. Nothing is listened to while nobody asks. */
export class FlowLog implements AsyncDisposable {
  readonly #surroundings: FlowSurroundings;
  readonly #past: FlowReport[] = [];
  readonly #readers = new Set<(line: FlowLine) => void>();
  #listening: Promise<Listening> | undefined;
  #names: FlowNames | undefined;
  /** Absent when they have to be looked up. */
  #wanted: ReadonlySet<NamespaceName> | undefined;

  constructor(surroundings: FlowSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Listen from now on where there is to be a history. */
  async start(): Promise<void> {
    if (this.#surroundings.history > 0) await this.#listen();
  }

  /** Flows that are there, after those that are kept. */
  async list(filter: FlowFilter): Promise<FlowLine[]> {
    const notices: FlowNotice[] = [];
    const active = await this.#listening;
    if (active !== undefined) this.#settle(active);
    const open = active === undefined ? this.#look(notices) : active.book.reports(Date.now());
    if (readAccounting('') === false) notices.push(uncounted);
    return [...notices, ...[...this.#past, ...open].filter((flow) => matchesFlowFilter(filter, flow))];
  }

  /** Flows as there is news of them, until the signal; before that those of {@link list} when a beginning is given. */
  async *follow(filter: FlowFilter, signal: AbortSignal): AsyncGenerator<FlowLine> {
    using follower = new Follower<FlowLine>(signal, tooSlow);
    const reader = (line: FlowLine) => {
      if ('notice' in line || matchesFlowFilter(filter, line)) follower.tell(line);
    };
    const wasCounting = readAccounting('');
    this.#readers.add(reader);
    try {
      const { drops } = await this.#listen();
      if (wasCounting === false) yield uncountedBefore;
      if (drops.missing !== undefined) yield { code: 'unseen', notice: drops.missing };
      if (filter.since !== undefined) yield* await this.list(filter);
      yield* follower.lines();
    } finally {
      this.#readers.delete(reader);
      await this.#stopUnlessNeeded();
    }
  }

  /** What the kernel tracks at the moment, in the host and in containers. */
  #look(notices: FlowNotice[]): FlowReport[] {
    this.#names = undefined;
    const now = Date.now();
    const tables = [...this.#namespaces()].flatMap((name) => unlessGone(() => openFlowTable(name)) ?? []);
    try {
      const book = new FlowBook({ names: (address) => this.#namesFor(address), host: tables[0]?.number ?? 0 });
      for (const table of tables)
        for (const flow of table.list()) book.note(table.number, { type: 'update', flow }, now);
      return book.reports(now);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      notices.push({ code: 'unseen', notice: 'this kernel does not list connections' });
      return [];
    } finally {
      for (const table of tables) table[Symbol.dispose]();
    }
  }

  #listen(): Promise<Listening> {
    this.#listening ??= this.#begin().catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  async #begin(): Promise<Listening> {
    await using parts = new AsyncDisposableStack();
    this.#names = undefined;
    this.#wanted = undefined;
    const watches = new Map<NamespaceName, FlowWatch>();
    parts.defer(() => {
      for (const watch of watches.values()) watch[Symbol.dispose]();
    });
    parts.use(await this.#surroundings.count(''));
    using host = openFlowTable('');
    const book = new FlowBook({ names: (address) => this.#namesFor(address), host: host.number });
    const drops = parts.use(openDropSource(this.#surroundings.directory, (drop) => book.noteDrop(drop, Date.now())));
    const listening = { book, watches, drops };
    parts.use(this.#surroundings.onChange(() => this.#surroundingsChanged(listening)));
    await this.#join(listening, parts);
    // What was there before is no news.
    book.settle(Date.now());
    const owned = parts.move();
    owned.defer(repeat(() => this.#tick(listening, owned)));
    return { ...listening, parts: owned };
  }

  /** Listen in namespaces that are new, and let go of those that are gone, lest they live on for our sake. */
  async #join(listening: Omit<Listening, 'parts'>, parts: AsyncDisposableStack): Promise<void> {
    const { book, watches, drops } = listening;
    if (this.#wanted !== undefined) return;
    const wanted = this.#namespaces();
    this.#wanted = wanted;
    for (const [name, watch] of watches) if (!wanted.has(name)) leave(listening, watch);
    for (const name of wanted) {
      if (watches.has(name)) continue;
      if (name !== '') await this.#surroundings.count(name).catch(() => undefined);
      if (parts.disposed) return;
      const watch = unlessGone(() => watchFlows(name, this.#listener(book)));
      if (watch === undefined) continue;
      watches.set(name, watch);
      drops.add(watch.number);
      for (const flow of watch.list()) book.note(watch.number, { type: 'update', flow }, Date.now());
      await nextTurn();
    }
  }

  #listener(book: FlowBook): Parameters<typeof watchFlows>[1] {
    return {
      event: (number, event) => book.note(number, event, Date.now()),
      loss: (watch) => {
        const place = watch.name === '' ? 'the host' : watch.name;
        this.#tell({
          code: 'lost',
          notice: `the kernel lost events about connections of ${place}: flows may be missing`,
        });
        // Those that ended unseen would be followed for ever.
        book.forgetNamespace(watch.number);
        for (const flow of watch.list()) book.note(watch.number, { type: 'update', flow }, Date.now());
      },
    };
  }

  /** Names are looked up anew; what came before that belongs to those who had the addresses then. */
  #surroundingsChanged(listening: Omit<Listening, 'parts'>): void {
    for (const watch of listening.watches.values()) watch.drain();
    this.#names = undefined;
    this.#wanted = undefined;
    const wanted = this.#namespaces();
    for (const [name, watch] of listening.watches) if (!wanted.has(name)) leave(listening, watch);
  }

  async #tick(listening: Omit<Listening, 'parts'>, parts: AsyncDisposableStack): Promise<void> {
    await this.#join(listening, parts);
    if (!parts.disposed) this.#settle(listening);
  }

  #settle({ book, watches }: Omit<Listening, 'parts'>): void {
    for (const watch of watches.values()) watch.drain();
    const places = new Map([...watches.values()].map((watch) => [watch.number, watch]));
    let questions = 0;
    for (const { namespace, flow, count } of book.closing()) {
      if (++questions > QUESTIONS) break;
      const found = places.get(namespace)?.find(flow);
      if (found !== undefined) count(found);
    }
    const { news, ended } = book.settle(Date.now());
    for (const report of news) this.#tell(report);
    // Not all at once: where tracking is flushed, more end than a call takes.
    for (const report of ended) this.#past.push(report);
    const surplus = this.#past.length - this.#surroundings.history;
    if (surplus > 0) this.#past.splice(0, surplus);
  }

  #tell(line: FlowLine): void {
    for (const reader of this.#readers) reader(line);
  }

  /** The host, and every container with a namespace of its own. */
  #namespaces(): ReadonlySet<NamespaceName> {
    const { containers } = this.#surroundings.directory();
    return new Set(['', ...containers.flatMap(({ namespace }) => namespace ?? [])]);
  }

  #namesFor(address: Parameters<FlowNames['isUnknown']>[0]): FlowNames {
    if (this.#names?.isUnknown(address) === true) this.#names = undefined;
    this.#names ??= this.#readNames();
    return this.#names;
  }

  #readNames(): FlowNames {
    using host = new OpenNamespace('');
    return new FlowNames(this.#surroundings.directory(), readHost(host).all);
  }

  async #stopUnlessNeeded(): Promise<void> {
    if (this.#readers.size > 0 || this.#surroundings.history > 0) return;
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    await (await listening?.catch(() => undefined))?.parts.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

const uncounted: FlowNotice = {
  code: 'uncounted',
  notice: `packets and bytes are not counted: ${accountingKey} is 0 (it is switched on while flows are followed)`,
};

function tooSlow(missed: number): FlowNotice {
  return { code: 'lost', notice: `flows come faster than they are read here: ${missed} lines are missing` };
}

const uncountedBefore: FlowNotice = {
  code: 'uncounted',
  notice: `${accountingKey} was 0: connections of the host that began before now have no counts`,
};

function leave({ book, watches }: Omit<Listening, 'parts'>, watch: FlowWatch): void {
  watch.drain();
  watches.delete(watch.name);
  book.forgetNamespace(watch.number);
  watch[Symbol.dispose]();
}

/** Work again and again, each time after the last; the result ends it. */
function repeat(work: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(async () => {
      try {
        await work();
      } finally {
        if (timer !== undefined) next();
      }
    }, INTERVAL).unref();
  };
  next();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}

/** A namespace may go at any time. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
