import type { Sample } from './exposition.ts';

/** Counts values by size, for each set of labels. */
export class Histogram {
  /** Upper bounds, ascending. */
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: Sample['labels']; counts: number[]; sum: number }>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** Count a value. */
  observe(value: number, labels: Readonly<Record<string, string>> = {}): void {
    const empty = () => ({ labels, counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 });
    const series = this.#series.getOrInsertComputed(JSON.stringify(labels), empty);
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.#bounds.length : found;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += value;
  }

  /** Each bucket counts what is in the smaller ones, too. */
  samples(): Sample[] {
    return [...this.#series.values()].flatMap(({ labels = {}, counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, index) => {
        total += count;
        const bound = this.#bounds[index];
        const le = bound === undefined ? '+Inf' : String(bound);
        return { suffix: '_bucket', labels: { ...labels, le }, value: total };
      });
      return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }];
    });
  }
}
