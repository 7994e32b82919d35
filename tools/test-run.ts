import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { relative } from 'node:path';
import { run as runFiles } from 'node:test';
import { spec } from 'node:test/reporters';
import { memoryFolder } from './memory-folder.ts';
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
  /** The files that took longest, and their milliseconds. */
  readonly slowest: readonly (readonly [file: string, milliseconds: number])[];
  /** Files with a test that failed. */
  readonly failedFiles: readonly string[];
  /** What was not run on this machine. */
  readonly leftOut: readonly LeftOut[];
}

/** The benchmark and the clients' suites need root; what is tested of them here is how they count and what they write. */
const ofPrograms = 'test/{bench,suites}/**/*.test.ts';

/** Tests of packages and tools without root, kernel or programs; the architecture is a step of its own. */
export function pureTests(): string[] {
  const ofTools = testFiles('tools/*.test.ts').filter((path) => path !== 'tools/architecture.test.ts');
  const ofPackages = testFiles('packages/**/*.test.ts').filter((path) => !path.endsWith('.kernel.test.ts'));
  return [...ofTools, ...ofPackages, ...testFiles(ofPrograms)];
}

/** Tests that make namespaces, start containerd and run real clients; the larger ones are under `test`. */
export function kernelTests(): string[] {
  const pure = new Set(testFiles(ofPrograms));
  const others = testFiles('test/**/*.test.ts').filter((path) => !pure.has(path));
  return [...testFiles('packages/**/*.kernel.test.ts'), ...others];
}

function testFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (path) => path.includes('node_modules') }).sort();
}

/**
 * Those that take a quarter of a minute and more, longest first. They begin first: one of them that began last would run on
 * alone, with all other processors idle. The last lines of a run name the longest.
 */
export const longest: readonly string[] = [
  'test/e2e/trace.test.ts',
  'test/e2e/doctor.test.ts',
  'test/clients/compose-networks.test.ts',
  'test/clients/peer-sessions.test.ts',
  'test/clients/compose-peer.test.ts',
  'test/e2e/explain.test.ts',
  'test/e2e/build-peer.test.ts',
  'test/e2e/isolation.test.ts',
  'packages/network/src/walk.kernel.test.ts',
  'test/e2e/build-recovery.test.ts',
  'packages/firewall/src/data-path.kernel.test.ts',
  'test/e2e/interruption.test.ts',
  'test/e2e/names.test.ts',
  'test/e2e/explain-modes.test.ts',
  'test/cli/content.test.ts',
  'test/e2e/daemon-flags.test.ts',
  'test/clients/compose.test.ts',
  'test/e2e/build.test.ts',
  'test/e2e/datapath.test.ts',
  'test/e2e/managed-plugin-recovery.test.ts',
  'test/e2e/swarm-recovery.test.ts',
  'test/clients/fuzz.test.ts',
  'test/e2e/container-recovery.test.ts',
  'test/cli/cli.test.ts',
  'test/e2e/logs.test.ts',
  'test/e2e/restart-policy.test.ts',
  'test/e2e/volumes.test.ts',
  'test/browser/map.test.ts',
  'test/e2e/swarm-services.test.ts',
  'test/e2e/managed-plugins.test.ts',
  'test/e2e/health-check.test.ts',
  'test/e2e/lan.test.ts',
  'test/e2e/watching.test.ts',
  'test/e2e/plugins.test.ts',
  'test/e2e/parents.test.ts',
  'test/e2e/container-streams.test.ts',
  'test/e2e/seeds.test.ts',
  'test/e2e/volume-recovery.test.ts',
  'test/e2e/disk-full.test.ts',
];

/** The same files, the longest of them first. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = (file: string) => (longest.includes(file) ? longest.indexOf(file) : longest.length);
  return files.toSorted((one, other) => rank(one) - rank(other));
}

/** What a run is to do. */
export interface RunOptions {
  readonly files: readonly string[];
  /** Processes at a time. */
  readonly concurrency: number;
  /** Milliseconds for one test. */
  readonly timeout: number;
  /** Where the report goes while it is written; it is collected in any case. */
  readonly echo?: NodeJS.WritableStream;
}

type TestsStream = ReturnType<typeof runFiles>;

/** Of the slowest files. */
const SHOWN = 12;

/** Bytes that pure tests may write, most of them databases. */
const PURE_ROOM = 256 << 20;

/** Milliseconds without news of a test after which a process of pure tests is ended: one of them has left something open. */
const SILENCE = 90_000;

/** Run test files with node:test, each in a process of its own. */
export function runTests({ files, concurrency, timeout, echo }: RunOptions): Promise<TestRun> {
  const paths = files.map((path) => `${root}/${path}`);
  // What a test that hangs has open would keep its process, and with it the run, for ever.
  const execArgv = ['--test-force-exit'];
  return follow(runFiles({ files: paths, timeout, isolation: 'process', concurrency, execArgv }), echo);
}

/**
 * Run pure tests: they need no process each, and in few processes they take a sixth of the time. What they write goes to
 * memory where there is some.
 *
 * @param concurrency processes among which the files are dealt out.
 */
export async function runPureTests({ files, concurrency, timeout }: RunOptions): Promise<Tally> {
  const part = (of: number) => files.filter((_, index) => index % concurrency === of).map((path) => `${root}/${path}`);
  const env = { ...process.env, TMPDIR: memoryFolder(PURE_ROOM) ?? tmpdir() };
  const runs = Array.from({ length: concurrency }, (_, of) => {
    const silence = new AbortController();
    const options = { files: [`${root}/tools/test-part.ts`], argv: part(of), env, timeout, signal: silence.signal };
    const events = runFiles({ ...options, isolation: 'process' });
    return follow(endingSilence(events, silence));
  });
  const sum = (all: readonly number[]) => all.reduce((one, other) => one + other, 0);
  const tallies = await Promise.all(runs);
  return {
    passed: sum(tallies.map(({ passed }) => passed)),
    failed: sum(tallies.map(({ failed }) => failed)),
    output: tallies.map(({ failed, output }) => (failed === 0 ? '' : failingTests(output))).join(''),
  };
}

/** What is silent for too long would be waited for for ever: it fails instead. */
function endingSilence(events: TestsStream, silence: AbortController): TestsStream {
  const alarm = setTimeout(() => silence.abort(), SILENCE);
  events.on('test:complete', () => alarm.refresh());
  events.once('end', () => clearTimeout(alarm));
  return events;
}

async function follow(events: TestsStream, echo?: NodeJS.WritableStream): Promise<TestRun> {
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
    if (file !== undefined) failedFiles.add(relative(root, file));
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

/** What node:test repeats at the end of its report. */
export function failingTests(output: string): string {
  const start = output.indexOf('✖ failing tests:');
  return start === -1 ? output : output.slice(start);
}

/** What was left out as lines that name each test, those with the same reason together. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return [...byReason].flatMap(([reason, tests]) => [
    `left out, ${tests.length}: ${reason}`,
    ...tests.map(({ file, name }) => `  ${file}: ${name}`),
  ]);
}
