import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, withEngines } from '../engine.ts';
import { atMost, type Goal, type Measurement, measured, note, type Samples } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

/** Ten steps of every kind, as the images of small services have them. */
const dockerfile = `FROM busybox
LABEL maintainer=nobody
ENV APP=/srv/app PATH=/srv/app/bin:/bin
WORKDIR /srv/app
COPY package.json ./
RUN mkdir -p node_modules && seq 1 2000 >node_modules/list
COPY . .
RUN cat package.json node_modules/list >/srv/app/built
EXPOSE 8080
CMD ["cat", "/srv/app/built"]
`;

/** One way to build. */
interface Variant {
  readonly what: string;
  readonly words: readonly string[];
  readonly rounds: number;
  readonly goal?: Goal;
}

const variants: readonly Variant[] = [
  { what: 'ten steps, none in the cache', words: ['--no-cache'], rounds: 9, goal: atMost(1, 'dockerd') },
  { what: 'ten steps, all in the cache', words: [], rounds: 9, goal: atMost(1, 'dockerd') },
];

/** `docker build` of a Dockerfile with ten steps, with the same docker command. */
export const dockerBuild: Subject = {
  name: 'build',
  method:
    'The same docker command, started anew each time, builds ten steps with the classic builder of both engines in ' +
    'turn: two commands, two copies of 64 files of 16 KiB and one, a directory, settings. From its start to its exit; ' +
    'networks are set up as by default. One build of each kind goes before and is not counted.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      const lines: Measurement[] = [];
      for (const variant of variants) {
        say(`docker build, ${variant.what}`);
        lines.push(await measureVariant(variant, engines, times));
      }
      return lines;
    }),
};

async function measureVariant(
  { what, words, rounds, goal }: Variant,
  engines: readonly Engine[],
  times: Setting['times'],
): Promise<Measurement> {
  const samples: Samples = {};
  for (let round = -1; round < times(rounds); round++) {
    for (const engine of engines) {
      const milliseconds = await engine.timeDocker('build', '-q', ...words, '-t', 'bench', contextOf(engine));
      if (round >= 0) note(samples, engine.name, milliseconds);
    }
  }
  return measured({ subject: 'docker build', what, unit: 'ms', goal }, samples);
}

/** The same files for each engine, in its host's folder. */
function contextOf({ host }: Engine): string {
  const folder = join(host.folder, 'context');
  if (mkdirSync(join(folder, 'files'), { recursive: true }) === undefined) return folder;
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  writeFileSync(join(folder, 'package.json'), '{ "name": "app" }\n');
  for (let number = 0; number < 64; number++) {
    writeFileSync(join(folder, 'files', `${number}`), Buffer.alloc(16 * 1024, number));
  }
  return folder;
}
