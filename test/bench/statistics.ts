/** What a number of samples of one measurement come to. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  /** A tenth of the samples is smaller. With fewer than ten samples this is the smallest. */
  readonly low: number;
  /** A tenth of the samples is larger. With fewer than ten samples this is the largest. */
  readonly high: number;
}

/**
 * Median and spread of samples.
 *
 * @throws RangeError without samples: nothing was measured.
 */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((one, other) => one - other);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    low: sorted.length < 10 ? quantile(sorted, 0) : quantile(sorted, 0.1),
    high: sorted.length < 10 ? quantile(sorted, 1) : quantile(sorted, 0.9),
  };
}

/**
 * The value below which a share of the samples lies, between two samples in proportion.
 *
 * @param sorted in ascending order.
 * @param share 0 to 1.
 */
export function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('there are no samples');
  return below + (above - below) * (position - Math.floor(position));
}
