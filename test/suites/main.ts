import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './comparison.ts';
import { dockerPy } from './docker-py.ts';
import { dockerode } from './dockerode.ts';
import type { Outcome, Suite } from './suite.ts';
import { SuiteEngine, type SuiteEngineName } from './suite-engine.ts';
import { type SuiteFinding, suiteTable, withTable } from './suite-page.ts';
import { provideSuite } from './suite-source.ts';
import { testcontainers } from './testcontainers.ts';

const suites: readonly Suite[] = [dockerPy, dockerode, testcontainers];
const findingsFile = join(import.meta.dirname, 'testdata/findings.json');
const page = resolve(import.meta.dirname, '../../docs/compatibility.md');

const usage = `npm run suites -- [--only SUITE]… [--from SUITE=REPOSITORY]… [--write]

  --only SUITE             ${suites.map(({ name }) => name).join(', ')}; may be repeated
  --from SUITE=REPOSITORY  fetch it from another git repository than its own, a folder for example
  --at-once                run a suite on all engines at the same time, for machines with cores to spare
  --write                  put what is found into test/suites/testdata/findings.json and docs/compatibility.md
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', multiple: true, default: [] },
    'at-once': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** With the seconds since the start before it. */
function say(line: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

async function runOn(name: SuiteEngineName, suite: Suite, folder: string): Promise<Outcome[]> {
  await using engine = await SuiteEngine.start(name, suite.images(folder));
  const outcomes = await suite.run(engine, folder);
  const count = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  say(`${suite.name} on ${name}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return outcomes;
}

async function runAll(names: readonly SuiteEngineName[], suite: Suite, folder: string): Promise<Outcome[][]> {
  if (values['at-once']) return await Promise.all(names.map((name) => runOn(name, suite, folder)));
  const runs: Outcome[][] = [];
  for (const name of names) runs.push(await runOn(name, suite, folder));
  return runs;
}

/** Twice on dockerd: what passes only sometimes there is nothing to hold anybody to. */
async function examine(suite: Suite): Promise<SuiteFinding> {
  const from = values.from.map((text) => text.split('=')).find(([name]) => name === suite.name)?.[1];
  say(`${suite.name}: looking for it in .suites`);
  const folder = provideSuite(suite, from);
  const [fairlead = [], ...dockerd] = await runAll(['fairlead', 'dockerd', 'dockerd'], suite, folder);
  const whole = compare(dockerd, fairlead);
  for (const name of whole.differences[''] ?? []) {
    say(`passes on dockerd alone: ${name}\n${fairlead.find((outcome) => outcome.name === name)?.text ?? ''}`);
  }
  const aboutNetworks = (run: readonly Outcome[]) => run.filter(({ name }) => /network/i.test(name));
  return {
    name: suite.name,
    version: suite.version,
    commit: suite.commit.slice(0, 12),
    date: new Date().toISOString().slice(0, 10),
    whole,
    networks: compare(dockerd.map(aboutNetworks), aboutNetworks(fairlead)),
  };
}

async function run(): Promise<void> {
  const chosen = suites.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  const fresh: SuiteFinding[] = [];
  for (const suite of chosen) fresh.push(await examine(suite));
  const known: SuiteFinding[] = existsSync(findingsFile) ? JSON.parse(readFileSync(findingsFile, 'utf8')) : [];
  const found = new Map([...known, ...fresh].map((finding) => [finding.name, finding]));
  const findings = suites.flatMap(({ name }) => found.get(name) ?? []);
  process.stdout.write(suiteTable(findings));
  if (findings.some(({ whole }) => whole.differences[''] !== undefined)) process.exitCode = 1;
  if (!values.write) return;
  writeFileSync(findingsFile, `${JSON.stringify(findings, null, 2)}\n`);
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), suiteTable(findings)));
}

if (values.help) process.stdout.write(usage);
else await run();
