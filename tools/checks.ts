import { availableParallelism } from 'node:os';
import { formatStep, promiseStep } from './linters.ts';
import { commandStep, report } from './step.ts';
import { failingTests, pureTests, runPureTests, runTests, type Tally } from './test-run.ts';

/** Milliseconds for one test. */
const TIMEOUT = 20_000;

/** Processes for the pure tests: each loads the sources that its files need. */
const MOST_PARTS = 4;

/** How the check went. */
export interface CheckResult {
  /** Types, architecture, lint and tests are all in order. */
  readonly clean: boolean;
  readonly tally: Tally;
}

/**
 * Types, architecture, lint and the tests that need nothing of the machine, side by side. One line for each, more only
 * when something is wrong; the numbers of tests are always shown.
 */
export async function check(): Promise<CheckResult> {
  const pure = { files: pureTests(), concurrency: Math.min(availableParallelism(), MOST_PARTS), timeout: TIMEOUT };
  const [sound, layered, tested] = await Promise.all([
    sourceSteps(),
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
  return { clean: sound && tally.failed === 0, tally };
}

async function sourceSteps(): Promise<boolean> {
  const compiler = ['node', 'node_modules/typescript/bin/tsc', '-p'];
  let clean = await report('types', commandStep(...compiler, '.'));
  clean = (await report('types in the browser', commandStep(...compiler, 'tsconfig.browser.json'))) && clean;
  clean = (await report('format and lint', formatStep({ fix: false, brief: true }))) && clean;
  return (await report('promises', promiseStep())) && clean;
}

async function testStep(name: string, work: () => Promise<Tally>): Promise<Tally> {
  let tally: Tally = { passed: 0, failed: 0, output: '' };
  await report(name, async () => {
    tally = await work();
    return tally.failed === 0 ? undefined : failingTests(tally.output);
  });
  return tally;
}
