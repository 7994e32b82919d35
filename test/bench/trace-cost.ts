import {
  atLeast,
  atMost,
  type Contender,
  type Goal,
  type Measurement,
  measured,
  measuredInPairs,
  note,
  type Samples,
} from './measurement.ts';
import { type Note, type Share, shareBetween } from './progress.ts';
import type { TrafficKind } from './traffic.ts';

/**
 * What is done while others exchange something: a trace that waits; traces that are answered at once, one after another; or
 * nothing, twice, which tells how alike two turns are.
 */
export const deeds = ['trace', 'traces', 'nothing', 'nothing again'] as const;

/** One of {@link deeds}. */
export type Deed = (typeof deeds)[number];

/** What others exchange. */
export const trafficKinds: readonly TrafficKind[] = ['bytes', 'round trips'];

/** When something was, and how many milliseconds the daemon had had of a processor by then. */
export interface Look {
  /** Of the monotonic clock. */
  readonly seconds: number;
  readonly daemon: number;
}

/** What others got done while the daemon was asked, had begun, had nearly waited enough, answered, and was done for a while. */
export interface Turn {
  readonly progress: readonly (readonly Note[])[];
  readonly looks: Readonly<Record<'asked' | 'begun' | 'waited' | 'answered' | 'over', Look>>;
}

type Moment = keyof Turn['looks'];

/** Parts of a turn, and which share of what is done without a trace may be lost in it. */
const phases: readonly { readonly when: string; readonly from: Moment; readonly to: Moment; readonly loss?: number }[] =
  [
    { when: 'meanwhile', from: 'asked', to: 'answered', loss: 0.05 },
    { when: 'at first', from: 'asked', to: 'begun' },
    { when: 'while it waits', from: 'begun', to: 'waited', loss: 0.05 },
    { when: 'afterwards', from: 'answered', to: 'over', loss: 0.02 },
  ];

/** What is measured of others, in the unit of the table. */
const measures = [
  { what: 'TCP of others', kind: 'bytes', unit: 'MB/s', of: ({ rate }: Share) => rate / 1e6, isCost: false },
  { what: 'processor for a megabyte', kind: 'bytes', unit: 'µs', of: ({ cost }: Share) => cost * 1e12, isCost: true },
  { what: 'round trips of others', kind: 'round trips', unit: '/s', of: ({ rate }: Share) => rate, isCost: false },
  {
    what: 'processor for a round trip',
    kind: 'round trips',
    unit: 'µs',
    of: ({ cost }: Share) => cost * 1e6,
    isCost: true,
  },
] as const;

const CONTROL = 'nothing asked for';
const SERIES = 'one trace after another';
const BEGIN_AND_END = 'processor of the daemon, to begin and to end';
const WAIT = 'processor of the daemon, while it waits';

/** What a trace costs others, and the daemon, from turns with and without. */
export class TraceCost {
  readonly #subject: string;
  readonly #samples = new Map<string, Samples>();

  /** @param subject heading in the table. */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Turns that were taken one after the other. */
  note(kind: TrafficKind, turns: Readonly<Record<Deed, Turn>>): void {
    for (const { what, of } of measures.filter((measure) => measure.kind === kind)) {
      for (const { when, from, to } of phases) {
        const value = ({ progress, looks }: Turn) => of(shareBetween(progress, looks[from].seconds, looks[to].seconds));
        const floor = value(turns.nothing);
        this.#note(`${what} ${when}`, { floor, fairlead: value(turns.trace) });
        if (to !== 'answered') continue;
        this.#note(`${what}, ${SERIES}`, { floor, fairlead: value(turns.traces) });
        this.#note(`${what}, ${CONTROL}`, { floor, fairlead: value(turns['nothing again']) });
      }
    }
    const { asked, begun, waited, over } = turns.trace.looks;
    const waiting = waited.daemon - begun.daemon;
    this.#note(BEGIN_AND_END, { fairlead: over.daemon - asked.daemon - waiting });
    this.#note(WAIT, { fairlead: waiting / (waited.seconds - begun.seconds) });
  }

  /** The lines of the table. */
  lines(): Measurement[] {
    const pairs = (what: string, unit: string, goal?: Goal): Measurement =>
      measuredInPairs({ subject: this.#subject, what, unit, goal }, this.#samplesOf(what));
    const goal = (isCost: boolean, loss: number): Goal =>
      isCost ? atMost(1 + loss, 'floor') : atLeast(1 - loss, 'floor');
    const others = phases.flatMap(({ when, loss }) =>
      measures.map(({ what, unit, isCost }) =>
        pairs(`${what} ${when}`, unit, loss === undefined ? undefined : goal(isCost, loss)),
      ),
    );
    const controls = [SERIES, CONTROL].flatMap((when) =>
      measures.map(({ what, unit }) => pairs(`${what}, ${when}`, unit)),
    );
    const own = (what: string, unit: string): Measurement =>
      measured({ subject: this.#subject, what, unit }, this.#samplesOf(what));
    return [...others, ...controls, own(BEGIN_AND_END, 'ms'), own(WAIT, 'ms/s')];
  }

  #samplesOf(what: string): Samples {
    return this.#samples.get(what) ?? {};
  }

  #note(what: string, values: Partial<Readonly<Record<Contender, number>>>): void {
    const samples = this.#samplesOf(what);
    this.#samples.set(what, samples);
    if (values.floor !== undefined) note(samples, 'floor', values.floor);
    if (values.fairlead !== undefined) note(samples, 'fairlead', values.fairlead);
  }
}
