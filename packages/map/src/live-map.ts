import { FairleadError } from '@fairlead/base';
import type { Observer } from './collect/host-observer.ts';
import { buildView } from './model/build-view.ts';
import { diffViews } from './model/delta.ts';
import { type ForwardingRow, forwardingTable } from './model/forwarding-table.ts';
import { type KernelView, kernelView } from './model/kernel-view.ts';
import type { FindingView, MapEvent, MapView, Rate } from './model/map-view.ts';
import type { Examination, Names } from './model/names.ts';
import { type CounterSample, changedRates, ratesBetween } from './model/rates.ts';
import { Watcher } from './watcher.ts';

/** What the map is made from. */
export interface MapSources {
  readonly names: () => Names;
  readonly openObserver: (changed: () => void) => Observer;
  /** Let the doctor look. */
  readonly examine: () => Promise<readonly FindingView[]>;
  /** Something happened to a container or a network; ends with the signal. */
  readonly happenings: (signal: AbortSignal) => AsyncIterable<unknown>;
  /** What became of the watch when it failed. */
  readonly failed: (error: unknown) => void;
}

/** Milliseconds. */
export interface MapPace {
  /** From the first sign of a change until it is looked at: many come together. */
  readonly settle: number;
  /** Between two readings of the counters. */
  readonly rates: number;
  /** What gives no sign, such as another engine's processes, is looked at after so many readings. */
  readonly readingsPerLook: number;
}

const usualPace: MapPace = { settle: 80, rates: 1000, readingsPerLook: 5 };

/** What runs while somebody watches. */
interface Watch {
  readonly observer: Observer;
  readonly end: AbortController;
  readonly timer: NodeJS.Timeout;
  view: MapView;
  sample: CounterSample;
  rates: ReadonlyMap<string, Rate>;
  readings: number;
  pending: NodeJS.Timeout | undefined;
}

/** The map as it is, and as it changes. Without a watcher nothing runs and nothing is kept but what the doctor said last. */
export class LiveMap {
  readonly #sources: MapSources;
  readonly #pace: MapPace;
  readonly #watchers = new Set<Watcher<MapEvent>>();
  #watch: Watch | undefined;
  #examination: Examination | undefined;
  #examining: Promise<void> | undefined;

  constructor(sources: MapSources, pace: MapPace = usualPace) {
    this.#sources = sources;
    this.#pace = pace;
  }

  /** True while somebody watches. */
  get isWatched(): boolean {
    return this.#watch !== undefined;
  }

  /** Everything, as it is now. */
  view(): MapView {
    using observer = this.#sources.openObserver(() => {});
    return this.#look(observer);
  }

  /**
   * The kernel's view of one thing.
   *
   * @throws FairleadError `not-found`.
   */
  kernelView(id: string): KernelView {
    const found = kernelView(this.#watch?.view ?? this.view(), id);
    if (found === undefined) throw new FairleadError('not-found', `nothing on the map is called ${id}`);
    return found;
  }

  /** Who is behind which port of which bridge, by name. */
  forwarding(): ForwardingRow[] {
    using observer = this.#sources.openObserver(() => {});
    const names = this.#sources.names();
    const observed = observer.observe(names);
    return forwardingTable(buildView(observed, names), observed.links, observer.forwardingEntries());
  }

  /** Let the doctor look, and tell the watchers. Two who ask at a time share one answer. */
  async examine(): Promise<readonly FindingView[]> {
    this.#examining ??= this.#examineOnce().finally(() => {
      this.#examining = undefined;
    });
    await this.#examining;
    return this.#examination?.findings ?? [];
  }

  async #examineOnce(): Promise<void> {
    const findings = await this.#sources.examine();
    this.#examination = { findings, time: Date.now() };
    this.#safely(() => this.#refresh());
  }

  /** Everything at first, then what changes, until the signal. */
  async *watch(signal: AbortSignal): AsyncGenerator<MapEvent> {
    this.#watch ??= this.#begin();
    const { view, rates: known } = this.#watch;
    using watcher = new Watcher<MapEvent>(signal);
    this.#watchers.add(watcher);
    try {
      watcher.tell({ type: 'view', view });
      const rates = changedRates(new Map(), known);
      if (rates !== undefined) watcher.tell({ type: 'rates', rates });
      yield* watcher.events();
    } finally {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#end();
    }
  }

  #begin(): Watch {
    const observer = this.#sources.openObserver(() => this.#refreshSoon());
    try {
      const view = this.#look(observer);
      const sample = observer.counters();
      // From here on nothing fails: what runs is ended with the watch.
      const timer = setInterval(() => this.#safely(() => this.#read()), this.#pace.rates);
      timer.unref();
      const end = new AbortController();
      void this.#follow(end.signal);
      return { observer, end, timer, view, sample, rates: new Map(), readings: 0, pending: undefined };
    } catch (error) {
      observer[Symbol.dispose]();
      throw error;
    }
  }

  #end(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch === undefined) return;
    clearInterval(watch.timer);
    clearTimeout(watch.pending);
    watch.end.abort();
    watch.observer[Symbol.dispose]();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of this.#sources.happenings(signal)) this.#refreshSoon();
    } catch (error) {
      if (!signal.aborted) this.#sources.failed(error);
    }
  }

  #look(observer: Observer): MapView {
    const names = this.#sources.names();
    return buildView(observer.observe(names), names, this.#examination);
  }

  #refreshSoon(): void {
    const watch = this.#watch;
    if (watch === undefined || watch.pending !== undefined) return;
    watch.pending = setTimeout(() => {
      watch.pending = undefined;
      this.#safely(() => this.#refresh());
    }, this.#pace.settle);
  }

  #refresh(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const view = this.#look(watch.observer);
    const delta = diffViews(watch.view, view);
    watch.view = view;
    if (delta !== undefined) this.#tell({ type: 'delta', delta });
  }

  #read(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const sample = watch.observer.counters();
    const rates = ratesBetween(watch.view, watch.sample, sample);
    const changed = changedRates(watch.rates, rates);
    watch.sample = sample;
    watch.rates = rates;
    if (changed !== undefined) this.#tell({ type: 'rates', rates: changed });
    watch.readings++;
    if (watch.readings % this.#pace.readingsPerLook === 0) this.#refresh();
  }

  #tell(event: MapEvent): void {
    for (const watcher of this.#watchers) watcher.tell(event);
  }

  /** A namespace that ends while it is looked at is no reason to end the daemon. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#sources.failed(error);
    }
  }
}
