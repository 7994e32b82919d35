import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, withEngines } from '../engine.ts';
import { atLeast, type Goal, type Measurement, measured, note, reaching, type Samples } from '../measurement.ts';
import { quantile } from '../statistics.ts';
import type { Subject } from '../subject.ts';

/** A line as programs write them; with its newline 87 bytes. */
const line = 'this is a line of some eighty characters as programs write them to their log, and on..';
const lines = 2_400_000;
const megabytes = (lines * (line.length + 1)) / 1e6;
/** Milliseconds between two questions whether the engine answers. */
const PAUSE = 5;
const subject = 'logs of a container that writes as fast as it can';

/** A program that writes the lines. */
interface Writer {
  readonly name: string;
  readonly command: readonly string[];
  readonly goal: Goal;
  /** Its log is read as well. */
  readonly isRead: boolean;
}

/** One that makes lines, a page at a time, and one that only hands on what is there. */
const writers: readonly Writer[] = [
  {
    name: 'yes | head',
    command: ['sh', '-c', `yes '${line}' | head -n ${lines}`],
    goal: atLeast(1, 'dockerd'),
    isRead: false,
  },
  { name: 'cat', command: ['cat', '/lines'], goal: reaching(100, 'MB/s'), isRead: true },
];

/** A container that writes as fast as it can. */
export const logs: Subject = {
  name: 'logs',
  method:
    `One container writes ${Math.round(megabytes)} MB in lines of ${line.length + 1} bytes: with busybox’s \`yes | head\`, ` +
    'which writes a page at a time and takes more of the processor than the engine does, and with its `cat`, from a file ' +
    'that is mounted. From its start to the moment when its end, and with it all of its output, is recorded, so that what ' +
    `it takes to start a container counts as well. Meanwhile \`GET /_ping\` is asked every ${PAUSE} ms. What the second has ` +
    'written is then read with `docker logs`.',
  measure: ({ engines: engineNames, times, say }) =>
    withEngines(engineNames, async (engines) => {
      say('logs');
      for (const engine of engines) writeFileSync(fileOf(engine), Buffer.alloc(megabytes * 1e6, `${line}\n`));
      const read: Samples = {};
      const measurements: Measurement[] = [];
      for (const writer of writers) measurements.push(...(await measureWriter(engines, times(3), writer, read)));
      return [...measurements, measured({ subject, what: 'docker logs', unit: 'MB/s' }, read)];
    }),
};

/** @param read gets how fast the log is read. */
async function measureWriter(
  engines: readonly Engine[],
  rounds: number,
  { name, command, goal, isRead }: Writer,
  read: Samples,
): Promise<Measurement[]> {
  const written: Samples = {};
  const ping: Samples = {};
  for (let round = 0; round < rounds; round++) {
    for (const engine of engines) {
      const { seconds, p99 } = await writeLog(engine, command);
      note(written, engine.name, megabytes / seconds);
      note(ping, engine.name, p99);
      if (isRead) note(read, engine.name, (megabytes / (await engine.timeDocker('logs', 'loud'))) * 1000);
      await engine.remove('loud');
    }
  }
  return [
    measured({ subject, what: `written by ${name}`, unit: 'MB/s', goal }, written),
    measured({ subject, what: '_ping meanwhile, p99', unit: 'ms' }, ping),
  ];
}

function fileOf({ host }: Engine): string {
  return join(host.folder, 'lines');
}

async function writeLog(
  engine: Engine,
  command: readonly string[],
): Promise<{ readonly seconds: number; readonly p99: number }> {
  const start = performance.now();
  await engine.run({ name: 'loud', network: 'app', command, binds: [`${fileOf(engine)}:/lines:ro`] });
  const ended = engine.call('POST', '/v1.41/containers/loud/wait');
  const pings: number[] = [];
  let isOver = false;
  const over = ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const asked = performance.now();
    await engine.call('GET', '/_ping').catch(() => {});
    pings.push(performance.now() - asked);
    await sleep(PAUSE);
  }
  await over;
  const seconds = (performance.now() - start) / 1000;
  return {
    seconds,
    p99: quantile(
      pings.sort((a, b) => a - b),
      0.99,
    ),
  };
}
