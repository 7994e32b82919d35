import { availableParallelism } from 'node:os';
import { formatStep, promiseStep } from './linters.ts';
import { commandStep, report, type Step } from './step.ts';
import { failingTests, pureTests, runPureTests, runTests, type Tally } from './test-run.ts';

/** Milliseconds for one test. */
const TIMEOUT = 20_000;

/** Processes for the pure tests: each loads the sources that its files need. */
const MOST_PARTS = 4;

/** How the check went. */
export interface CheckResult {
  /** The steps that found something: types, architecture, lint, tests. */
  readonly faulty: readonly string[];
  readonly tally: Tally;
}

/**
 * Types, architecture, lint and the tests that need nothing of the machine, side by side. One line for each, more only
 * when something is wrong; the numbers of tests are always shown.
 */
export async function check(): Promise<CheckResult> {
  const pure = { files: pureTests(), concurrency: Math.min(availableParallelism(), MOST_PARTS), timeout: TIMEOUT };
  const [sources, layered, tested] = await Promise.all([
    faultySources(),
    testStep('architecture', () =>
      runTests({ files: ['tools/architecture.test.ts'], concurrency: 1, timeout: TIMEOUT }),
    ),
    testStep('pure tests', () => runPureTests(pure)),
  ]);
  process.stdout.write(`ℹ pass ${tested.passed}\nℹ fail ${tested.failed}\n`);
  const tally = {
    passed: layered.passed + tested.passed,
    failed: layered.failed + tested.failed,
    output: layered.output + tested.output,
  };
  return { faulty: [...sources, ...(tally.failed === 0 ? [] : ['tests'])], tally };
}

const compiler = ['node', 'node_modules/typescript/bin/tsc', '-p'];

/** What is asked of the sources, one after the other: each takes a processor for itself. */
const sourceSteps: readonly (readonly [name: string, step: Step])[] = [
  ['types', commandStep(...compiler, '.')],
  ['types in the browser', commandStep(...compiler, 'tsconfig.browser.json')],
  ['format and lint', formatStep({ fix: false, brief: true })],
  ['promises', promiseStep()],
];

async function faultySources(): Promise<string[]> {
  const faulty: string[] = [];
  for (const [name, step] of sourceSteps) if (!(await report(name, step))) faulty.push(name);
  return faulty;
}

async function testStep(name: string, work: () => Promise<Tally>): Promise<Tally> {
  let tally: Tally = { passed: 0, failed: 0, output: '' };
  await report(name, async () => {
    tally = await work();
    return tally.failed === 0 ? undefined : failingTests(tally.output);
  });
  return tally;
}
