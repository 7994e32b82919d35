import type { EngineName } from './engine.ts';
import type { Measurement } from './measurement.ts';

/** How a run of the benchmark is to be. */
export interface Setting {
  /** Engines that take part. */
  readonly engines: readonly EngineName[];
  /** How many times something is done: the given number, fewer in a quick run. */
  readonly times: (count: number) => number;
  /** Say what is being done. */
  readonly say: (line: string) => void;
}

/** Something that is measured: all its lines of the table. */
export interface Subject {
  /** Word for `--only`. */
  readonly name: string;
  /** How it is measured: a paragraph for docs/benchmarks.md. */
  readonly method: string;
  readonly measure: (setting: Setting) => Promise<readonly Measurement[]>;
}
