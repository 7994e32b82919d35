import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, withEngines } from '../engine.ts';
import { atLeast, measured, note, type Samples } from '../measurement.ts';
import { quantile } from '../statistics.ts';
import type { Subject } from '../subject.ts';

/** A line as programs write them; with its newline 86 bytes. */
const line = 'this is a line of some eighty characters as programs write them to their log, and on..';
const lines = 1_200_000;
const megabytes = (lines * (line.length + 1)) / 1e6;
/** Milliseconds between two questions whether the engine answers. */
const PAUSE = 5;

/** A container that writes as fast as it can. */
export const logs: Subject = {
  name: 'logs',
  method:
    `One container writes ${Math.round(megabytes)} MB in lines of ${line.length + 1} bytes with \`yes | head\`; from its ` +
    'start to the moment when its end, and with it all of its output, is recorded. Meanwhile `GET /_ping` is asked ' +
    `every ${PAUSE} ms. Then \`docker logs\` reads it all.`,
  measure: ({ engines: engineNames, times, say }) =>
    withEngines(engineNames, async (engines) => {
      say('logs');
      const written: Samples = {};
      const ping: Samples = {};
      const read: Samples = {};
      for (let round = 0; round < times(3); round++) {
        for (const engine of engines) {
          const { seconds, p99 } = await writeLog(engine);
          note(written, engine.name, megabytes / seconds);
          note(ping, engine.name, p99);
          note(read, engine.name, (megabytes / (await engine.timeDocker('logs', 'loud'))) * 1000);
          await engine.remove('loud');
        }
      }
      const subject = 'logs of a container that writes as fast as it can';
      return [
        measured({ subject, what: 'written', unit: 'MB/s', goal: atLeast(1, 'dockerd') }, written),
        measured({ subject, what: '_ping meanwhile, p99', unit: 'ms' }, ping),
        measured({ subject, what: 'docker logs', unit: 'MB/s' }, read),
      ];
    }),
};

async function writeLog(engine: Engine): Promise<{ readonly seconds: number; readonly p99: number }> {
  const start = performance.now();
  const command = ['sh', '-c', `yes '${line}' | head -n ${lines}`];
  await engine.run({ name: 'loud', network: 'app', command });
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
