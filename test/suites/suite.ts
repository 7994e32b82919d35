import type { SuiteEngine } from './suite-engine.ts';
import type { SuiteImage } from './suite-images.ts';

/** How a test ended. */
export type Result = 'passed' | 'failed' | 'skipped';

/** One test of a suite, as one run of it went. */
export interface Outcome {
  /** As its own suite calls it, the file first where the suite has files. */
  readonly name: string;
  readonly result: Result;
  /** What it said when it failed. */
  readonly text: string;
}

/** A client's own tests. None of their code is in this repository: it is fetched when they are run. */
export interface Suite {
  /** `docker-py`. */
  readonly name: string;
  /** Of the release whose tests these are. */
  readonly version: string;
  /** Where it is kept: a repository that git can fetch from, and the commit. */
  readonly repository: string;
  readonly commit: string;
  /** What it expects to find at Docker Hub, made of the machine's own programs. */
  images(folder: string): readonly SuiteImage[];
  /** Once, after it was fetched: install what it stands on. @param folder of the checkout. */
  prepare(folder: string): void;
  /** Run it against an engine, inside the engine's host. @param folder of the checkout. */
  run(engine: SuiteEngine, folder: string): Promise<Outcome[]>;
}
