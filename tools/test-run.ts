import { globSync } from 'node:fs';
import { relative } from 'node:path';
import { run as runFiles } from 'node:test';
import { spec } from 'node:test/reporters';
import { root } from './source-tree.ts';

/** How many tests passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What node:test said. */
  readonly output: string;
}

/** A test, or a suite of them, that was not run, and why. */
export interface LeftOut {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** A run that is over. */
export interface TestRun extends Tally {
  /** The files that took longest, and their milliseconds; none of a run in one process. */
  readonly slowest: readonly (readonly [file: string, milliseconds: number])[];
  /** Files with a test that failed; none of a run in one process. */
  readonly failedFiles: readonly string[];
  /** What was not run on this machine. */
  readonly leftOut: readonly LeftOut[];
}

/** Tests of packages and tools without root, kernel or programs; the architecture is a step of its own. */
export function pureTests(): string[] {
  const ofTools = testFiles('tools/*.test.ts').filter((path) => path !== 'tools/architecture.test.ts');
  return [...ofTools, ...testFiles('packages/**/*.test.ts').filter((path) => !path.endsWith('.kernel.test.ts'))];
}

/** Tests that make namespaces, start containerd and run real clients; the larger ones are under `test`. */
export function kernelTests(): string[] {
  return [...testFiles('packages/**/*.kernel.test.ts'), ...testFiles('test/**/*.test.ts')];
}

function testFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (path) => path.includes('node_modules') }).sort();
}

/** What a run is to do. */
export interface RunOptions {
  readonly files: readonly string[];
  /** Processes at a time; 0 runs all files in this very process. */
  readonly concurrency: number;
  /** Milliseconds for one test. */
  readonly timeout: number;
  /** Where the report goes while it is written; it is collected in any case. */
  readonly echo?: NodeJS.WritableStream;
}

/** Of the slowest files. */
const SHOWN = 12;

/** Run test files with node:test. */
export async function runTests({ files, concurrency, timeout, echo }: RunOptions): Promise<TestRun> {
  const isolated =
    concurrency > 0 ? ({ isolation: 'process', concurrency } as const) : ({ isolation: 'none' } as const);
  const events = runFiles({ files: files.map((path) => `${root}/${path}`), timeout, ...isolated });
  let passed = 0;
  let failed = 0;
  const times: [file: string, milliseconds: number][] = [];
  events.on('test:summary', ({ file, counts, duration_ms: milliseconds }) => {
    if (file !== undefined) {
      times.push([relative(root, file), milliseconds]);
      return;
    }
    passed = counts.passed;
    failed = counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  const failedFiles = new Set<string>();
  events.on('test:fail', ({ file }) => {
    if (file !== undefined && concurrency > 0) failedFiles.add(relative(root, file));
  });
  const leftOut: LeftOut[] = [];
  events.on('test:pass', ({ file, name, skip }) => {
    if (skip)
      leftOut.push({ file: relative(root, file ?? ''), name, reason: skip === true ? 'no reason given' : skip });
  });
  let output = '';
  for await (const piece of events.compose(new spec()) as AsyncIterable<Buffer | string>) {
    output += piece;
    echo?.write(piece);
  }
  const slowest = times.sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  return { passed, failed, output, slowest, failedFiles: [...failedFiles], leftOut };
}

/** The closing lines of a report: `ℹ tests 12` and so on. */
export function closingLines(output: string): string {
  return output
    .split('\n')
    .filter((line) => line.includes('ℹ'))
    .join('\n');
}

/** What was left out as lines that name each test, those with the same reason together. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return [...byReason].flatMap(([reason, tests]) => [
    `left out, ${tests.length}: ${reason}`,
    ...tests.map(({ file, name }) => `  ${file}: ${name}`),
  ]);
}
