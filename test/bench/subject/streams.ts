import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, withEngines } from '../engine.ts';
import { atLeast, type Measurement, measured, note, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

const megabytes = 64;
const line = 'this is a line of some eighty characters as programs write them to their log, and on..\n';

/** Bytes that go through the engine between a client and a container. */
export const streams: Subject = {
  name: 'streams',
  method:
    `A file of ${megabytes} MB of text goes through the docker command, started anew each time: \`docker run\` of \`cat\` on ` +
    'the file, mounted, without and with a log; `docker exec -i` of a program that reads its standard input; `docker exec` ' +
    'of `cat`; `docker cp` into a container that runs, and out of it as an archive. What comes out goes to `/dev/null`. The ' +
    'time is that of the whole command, so that what it takes to start a process counts as well.',
  measure: ({ engines: engineNames, times, say }) =>
    withEngines(engineNames, async (engines) => {
      say('streams');
      for (const engine of engines) await prepare(engine);
      const samples = Object.fromEntries(Object.keys(ways).map((what) => [what, {} as Samples]));
      for (let round = 0; round < times(3); round++) {
        for (const engine of engines) {
          for (const [what, way] of Object.entries(ways)) {
            note(samples[what] ?? {}, engine.name, (megabytes / (await way(engine))) * 1000);
          }
        }
      }
      return Object.entries(samples).map(([what, values]) => lineOf(what, values));
    }),
};

/** Each moves the file once. @returns milliseconds. */
const ways: Readonly<Record<string, (engine: Engine) => Promise<number>>> = {
  'docker run, no log': (engine) => runCat(engine, 'none'),
  'docker run': (engine) => runCat(engine, 'json-file'),
  'docker exec -i': (engine) =>
    engine.timeDockerReading(fileOf(engine), 'exec', '-i', 'idle', 'sh', '-c', 'cat >/dev/null'),
  'docker exec': (engine) => engine.timeDocker('exec', 'idle', 'cat', '/file'),
  'docker cp into': (engine) => engine.timeDocker('cp', fileOf(engine), 'idle:/copy'),
  'docker cp out of': (engine) => engine.timeDocker('cp', 'idle:/copy', '-'),
};

function runCat(engine: Engine, driver: string): Promise<number> {
  const mount = `${fileOf(engine)}:/file`;
  return engine.timeDocker('run', '--rm', '--log-driver', driver, '-v', mount, 'busybox', 'cat', '/file');
}

async function prepare(engine: Engine): Promise<void> {
  writeFileSync(fileOf(engine), Buffer.alloc(megabytes * 1e6, line));
  await engine.daemon.docker(
    'run',
    '-d',
    '--name',
    'idle',
    '-v',
    `${fileOf(engine)}:/file`,
    'busybox',
    'sleep',
    '3600',
  );
}

function fileOf({ host }: Engine): string {
  return join(host.folder, 'file');
}

function lineOf(what: string, samples: Samples): Measurement {
  const subject = 'bytes between client and container';
  return measured({ subject, what, unit: 'MB/s', goal: atLeast(1, 'dockerd') }, samples);
}
