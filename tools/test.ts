import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { provide } from '../packages/cli/src/setup/debian-packages.ts';
import { demoRequirements, engineRequirements, type Requirement } from '../packages/cli/src/setup/requirement.ts';
import { check } from './checks.ts';
import { leftovers, machineState, runMarker } from './machine-state.ts';
import { memoryFolder } from './memory-folder.ts';
import { providePeers } from './peers.ts';
import { kernelTests, leftOutLines, longestFirst, runTests, type TestRun } from './test-run.ts';

/**
 * `npm test`: the check, then everything that needs root: namespaces, containerd, the real docker command and the tools
 * that serve as witnesses. Afterwards the machine's own namespace must hold what it held before.
 */

const witness = 'is a witness in the tests';
const testRequirements: readonly Requirement[] = [
  ...engineRequirements,
  ...demoRequirements,
  { program: 'ip', package: 'iproute2', purpose: witness },
  { program: 'nft', package: 'nftables', purpose: witness },
  { program: 'sysctl', package: 'procps', purpose: witness },
  { program: 'conntrack', package: 'conntrack', purpose: witness },
  { program: 'brctl', package: 'bridge-utils', purpose: witness },
  { program: 'tcpdump', package: 'tcpdump', purpose: witness },
  { program: 'iptables', package: 'iptables', purpose: 'is what the peer dockerd runs' },
  { program: 'python3', package: 'python3', purpose: 'runs Compose in the tests' },
  { program: 'openssl', package: 'openssl', purpose: 'makes certificates in the tests' },
  { program: 'script', package: 'bsdutils', purpose: 'is a terminal in the tests' },
  { program: 'xz', package: 'xz-utils', purpose: 'packs archives in the tests, and unpacks them for the engine' },
  { program: 'bzip2', package: 'bzip2', purpose: 'packs archives in the tests, and unpacks them for the engine' },
  { program: 'zstd', package: 'zstd', purpose: 'packs archives in the tests' },
  { program: 'curl', package: 'curl', purpose: 'is a client in the tests' },
];

/** Milliseconds for one test. */
const TIMEOUT = 120_000;

/** Test files at a time, beyond one for each processor: they wait for others half of the time, for the kernel above all. */
const MORE_AT_A_TIME = 2;

/** Bytes that the hosts of all tests that run at a time may write, several times as many as they do. */
const HOSTS_ROOM = 4 * 2 ** 30;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function testEverything(): Promise<boolean> {
  provide(testRequirements, say);
  // The check needs nothing of them, and fetching them little of the processor.
  const [checked] = await Promise.all([check(), providePeers(say)]);
  process.env[runMarker] = randomUUID();
  const folder = memoryFolder(HOSTS_ROOM);
  if (folder !== undefined) process.env['FAIRLEAD_LAB_FOLDER'] ??= folder;
  const before = machineState();
  const files = kernelTests();
  say(`\n${files.length} files of tests with the real kernel`);
  const tally = await runTests({
    files: longestFirst(files),
    concurrency: availableParallelism() + MORE_AT_A_TIME,
    timeout: TIMEOUT,
    echo: process.stdout,
  });
  say(`slowest files: ${tally.slowest.map(([file, time]) => `${file} ${Math.round(time / 1000)} s`).join(', ')}`);
  const { failed, unsteady } = await judge(tally);
  for (const line of leftOutLines(tally.leftOut)) say(line);
  const left = leftovers(before, machineState());
  if (left.length > 0)
    say(`✖ left behind in the machine's own namespace:\n${left.map((thing) => `  ${thing}`).join('\n')}`);
  sum(checked.tally.passed + tally.passed + tally.failed - failed, checked.tally.failed + failed, unsteady);
  // The lines that say what is wrong are far above by now.
  if (checked.faulty.length > 0) say(`✖ not in order, see the beginning: ${checked.faulty.join(', ')}`);
  return checked.faulty.length === 0 && failed === 0 && left.length === 0;
}

/** More files than this do not fail by chance. */
const MOST_UNSTEADY = 3;

/**
 * What failed beside others gets a second try alone (decision 20). A test that passes then is named as unsteady at the
 * end of every report; one that fails again, or for which nobody can say which file it was in, has failed.
 */
async function judge({ failed, failedFiles }: TestRun): Promise<{ failed: number; unsteady: readonly string[] }> {
  if (failedFiles.length === 0 || failedFiles.length > MOST_UNSTEADY) return { failed, unsteady: [] };
  say(`\n✖ ${failed} failed beside others; alone, once more: ${failedFiles.join(', ')}`);
  const alone = await runTests({ files: failedFiles, concurrency: 1, timeout: TIMEOUT, echo: process.stdout });
  return {
    failed: alone.failed,
    unsteady: failedFiles.filter((file) => !alone.failedFiles.includes(file)),
  };
}

async function testPurePart(): Promise<boolean> {
  say('Not root: the tests with the real kernel are left out, so this run cannot succeed. Run: sudo npm test');
  const { tally } = await check();
  sum(tally.passed, tally.failed, []);
  return false;
}

function sum(passed: number, failed: number, unsteady: readonly string[]): void {
  if (unsteady.length > 0)
    say(
      `unsteady, to be looked at: failed beside others and passed alone (its report is above): ${unsteady.join(', ')}`,
    );
  say(`${passed} passed, ${failed} failed${unsteady.length > 0 ? `, in ${unsteady.length} files unsteadily` : ''}`);
}

const clean = await (process.getuid?.() === 0 ? testEverything() : testPurePart());
// What a test left open must not keep the run from ending.
process.exit(clean ? 0 : 1);
