import { formatStep, promiseStep } from './linters.ts';
import { commandStep, report } from './step.ts';
import { closingLines, pureTests, runTests, type Tally } from './test-run.ts';

/** How the check went. */
export interface CheckResult {
  /** Types, architecture, lint and tests are all in order. */
  readonly clean: boolean;
  readonly tally: Tally;
}

/**
 * Types, architecture, lint and the tests that need nothing of the machine. One line for each, more only when something
 * is wrong; the tests' closing lines are always shown.
 */
export async function check(): Promise<CheckResult> {
  const compiler = ['node', 'node_modules/typescript/bin/tsc', '-p'];
  let clean = await report('types', commandStep(...compiler, '.'));
  clean = (await report('types in the browser', commandStep(...compiler, 'tsconfig.browser.json'))) && clean;
  const layered = await testStep('architecture', ['tools/architecture.test.ts'], 1);
  clean = (await report('format and lint', formatStep({ fix: false, brief: true }))) && clean;
  clean = (await report('promises', promiseStep())) && clean;
  const tested = await testStep('pure tests', pureTests(), 0);
  process.stdout.write(`${closingLines(tested.output)}\n`);
  const tally = {
    passed: layered.passed + tested.passed,
    failed: layered.failed + tested.failed,
    output: layered.output + tested.output,
  };
  return { clean: clean && tally.failed === 0, tally };
}

/** Pure tests need no process each: in this one they take a sixth of the time. */
async function testStep(name: string, files: readonly string[], concurrency: number): Promise<Tally> {
  let tally: Tally = { passed: 0, failed: 0, output: '' };
  await report(name, async () => {
    tally = await runTests({ files, concurrency, timeout: 20_000 });
    return tally.failed === 0 ? undefined : failures(tally.output);
  });
  return tally;
}

/** What node:test repeats at the end of its report. */
function failures(output: string): string {
  const start = output.indexOf('✖ failing tests:');
  return start === -1 ? output : output.slice(start);
}
