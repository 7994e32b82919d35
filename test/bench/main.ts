import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@fairlead/base';
import { engineNames } from './engine.ts';
import { machineFacts } from './machine.ts';
import type { Measurement } from './measurement.ts';
import { reportPage } from './report.ts';
import { attach } from './subject/attach.ts';
import { connections } from './subject/connections.ts';
import { containerLife } from './subject/container-life.ts';
import { crowd } from './subject/crowd.ts';
import { dockerBuild } from './subject/docker-build.ts';
import { dockerPull } from './subject/docker-pull.ts';
import { dockerRun } from './subject/docker-run.ts';
import { fleet } from './subject/fleet.ts';
import { logs } from './subject/logs.ts';
import { names } from './subject/names.ts';
import { networks } from './subject/networks.ts';
import { streams } from './subject/streams.ts';
import { trace } from './subject/trace.ts';
import type { Setting, Subject } from './subject.ts';
import { terminalTable } from './table.ts';

const subjects: readonly Subject[] = [
  attach,
  dockerRun,
  containerLife,
  dockerBuild,
  dockerPull,
  networks,
  names,
  connections,
  logs,
  streams,
  trace,
  fleet,
  crowd,
];

const usage = `npm run bench -- [--only SUBJECT]… [--engine NAME]… [--quick] [--write]

  --only SUBJECT  ${subjects.map(({ name }) => name).join(', ')}; may be repeated
  --engine NAME   ${engineNames.join(' or ')} alone
  --quick         a few rounds of each: shows whether it works, not how fast
  --write         put the result into docs/benchmarks.md; needs every subject and engine
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    engine: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** With the seconds since the start before it. */
function say(line: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

/** What there is of a subject that failed is nothing; the others go on. */
async function measureAll(chosen: readonly Subject[], setting: Setting): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const subject of chosen) {
    try {
      measurements.push(...(await subject.measure(setting)));
    } catch (error) {
      process.exitCode = 1;
      say(`${subject.name} failed: ${messageOf(error)}`);
    }
  }
  return measurements.filter(({ results }) => Object.keys(results).length > 0);
}

async function run(): Promise<void> {
  const { only, engine, quick, write } = values;
  const chosen = subjects.filter(({ name }) => only.length === 0 || only.includes(name));
  const engines = engineNames.filter((name) => engine.length === 0 || engine.includes(name));
  const times = (count: number) => (quick ? Math.min(count, 2) : count);
  const measurements = await measureAll(chosen, { engines, times, say });
  process.stdout.write(`${terminalTable(measurements)}\n`);
  const whole = chosen.length === subjects.length && engines.length === engineNames.length && process.exitCode !== 1;
  if (!write || quick) return;
  if (!whole) throw new Error('not written: the page shows every subject and engine of one run');
  const date = new Date().toISOString().slice(0, 10);
  const page = reportPage({ measurements, methods: chosen, machine: machineFacts(), date });
  writeFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), page);
}

if (values.help) process.stdout.write(usage);
else await run();
