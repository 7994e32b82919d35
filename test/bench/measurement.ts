import { type Summary, summarize } from './statistics.ts';

/** Who takes part, in the order of the columns. */
export const contenders = ['floor', 'fairlead', 'dockerd', 'cni'] as const;

/** One of {@link contenders}: bare netlink and nftables, Fairlead, dockerd 20.10, the CNI bridge and portmap plugins. */
export type Contender = (typeof contenders)[number];

/** What a measurement is to come to. */
export interface Goal {
  /** For people: `at most 2 × floor`. */
  readonly text: string;
  /** Whether it was reached; `undefined` when what it is compared with was not measured. */
  readonly isMet: (medians: Medians) => boolean | undefined;
}

/** Medians of those that took part. */
export type Medians = Partial<Readonly<Record<Contender, number>>>;

/** One line of the table: the same thing, done by each contender. */
export interface Measurement {
  /** Heading that it stands under: `docker run`. */
  readonly subject: string;
  /** What was done: `user network, 1 port`. */
  readonly what: string;
  /** `ms`, `µs`, `/s`, `MiB`, `%`. */
  readonly unit: string;
  readonly results: Partial<Readonly<Record<Contender, Summary>>>;
  /**
   * Where samples come in pairs, taken one after the other: Fairlead's by that of each other. What the machine does to both
   * of a pair cancels out.
   */
  readonly ratios?: Partial<Readonly<Record<Contender, Summary>>>;
  readonly goal?: Goal;
}

/** Samples under way, for each contender that takes part. */
export type Samples = Partial<Record<Contender, number[]>>;

/** Add a sample. */
export function note(samples: Samples, contender: Contender, value: number): void {
  const list = samples[contender] ?? [];
  list.push(value);
  samples[contender] = list;
}

/** A line of the table from its samples. */
export function measured(
  line: Pick<Measurement, 'subject' | 'what' | 'unit'> & { readonly goal?: Goal | undefined },
  samples: Samples,
): Measurement {
  const { goal, ...rest } = line;
  const results: Partial<Record<Contender, Summary>> = {};
  for (const contender of contenders) {
    const list = samples[contender];
    if (list !== undefined && list.length > 0) results[contender] = summarize(list);
  }
  return goal === undefined ? { ...rest, results } : { ...rest, results, goal };
}

/** A line whose samples come in pairs: those of all contenders at one place in their lists were taken one after the other. */
export function measuredInPairs(line: Parameters<typeof measured>[0], samples: Samples): Measurement {
  const ours = samples.fairlead ?? [];
  const ratios: Partial<Record<Contender, Summary>> = {};
  for (const contender of contenders) {
    const others = contender === 'fairlead' ? [] : (samples[contender] ?? []);
    const shares = ours.flatMap((value, index) => (others[index] === undefined ? [] : [value / others[index]]));
    if (shares.length > 0) ratios[contender] = summarize(shares);
  }
  return { ...measured(line, samples), ratios };
}

/** What a goal is held against: the medians, or those of the pairs, for whoever the pairs are with. */
export function isMet(measurement: Measurement): boolean | undefined {
  const { goal, ratios } = measurement;
  if (ratios === undefined) return goal?.isMet(mediansOf(measurement));
  const medians: Partial<Record<Contender, number>> = { fairlead: 1 };
  for (const contender of contenders) {
    const ratio = ratios[contender];
    if (ratio !== undefined) medians[contender] = 1 / ratio.median;
  }
  return goal?.isMet(medians);
}

/** The medians of a line. */
export function mediansOf({ results }: Measurement): Medians {
  const medians: Partial<Record<Contender, number>> = {};
  for (const contender of contenders) {
    const result = results[contender];
    if (result !== undefined) medians[contender] = result.median;
  }
  return medians;
}

/** Fairlead takes at most `factor` times what the other one takes. */
export function atMost(factor: number, other: Contender): Goal {
  return {
    text: `≤ ${factor} × ${other}`,
    isMet: (medians) => compare(medians, other, (ours, its) => ours <= factor * its),
  };
}

/** Fairlead reaches at least `factor` times what the other one does. */
export function atLeast(factor: number, other: Contender): Goal {
  return {
    text: `≥ ${factor} × ${other}`,
    isMet: (medians) => compare(medians, other, (ours, its) => ours >= factor * its),
  };
}

/** Fairlead takes at most `factor` times what it took for another line, which `name` stands for. */
export function atMostOfLine(factor: number, line: Measurement, name: string): Goal {
  const limit = mediansOf(line).fairlead;
  return {
    text: `≤ ${factor} × ${name}`,
    isMet: ({ fairlead }) => (fairlead === undefined || limit === undefined ? undefined : fairlead <= factor * limit),
  };
}

/** Fairlead reaches a fixed figure. */
export function reaching(figure: number, unit: string): Goal {
  return {
    text: `≥ ${figure} ${unit}`,
    isMet: ({ fairlead }) => (fairlead === undefined ? undefined : fairlead >= figure),
  };
}

/** Fairlead stays within a fixed limit. */
export function within(limit: number, unit: string): Goal {
  return {
    text: `≤ ${limit} ${unit}`,
    isMet: ({ fairlead }) => (fairlead === undefined ? undefined : fairlead <= limit),
  };
}

function compare(
  medians: Medians,
  other: Contender,
  holds: (ours: number, its: number) => boolean,
): boolean | undefined {
  const ours = medians.fairlead;
  const its = medians[other];
  return ours === undefined || its === undefined ? undefined : holds(ours, its);
}
