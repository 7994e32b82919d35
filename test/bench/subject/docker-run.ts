import { type Engine, withEngines } from '../engine.ts';
import { atMost, type Goal, type Measurement, measured, note, type Samples, within } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

/** One way to run a container. */
interface Variant {
  readonly what: string;
  readonly words: readonly string[];
  readonly rounds: number;
  /** dockerd needs half a minute for 1,000 ports. */
  readonly fairleadOnly?: boolean;
  readonly goal?: Goal;
  /** Words of a run that goes just before each of these, and what these may take more: runs minutes apart differ by as much. */
  readonly more?: { readonly what: string; readonly than: readonly string[]; readonly goal: Goal };
}

const app = ['--network', 'app'];
const onePort = [...app, '-p', '8080:80'];
const variants: readonly Variant[] = [
  { what: 'network none', words: ['--network', 'none'], rounds: 11 },
  { what: 'default bridge', words: [], rounds: 11 },
  { what: 'user network', words: app, rounds: 11 },
  { what: 'user network, 1 port', words: onePort, rounds: 15, goal: atMost(0.35, 'dockerd') },
  { what: 'user network, 100 ports', words: [...app, '-p', '10000-10099:10000-10099'], rounds: 3 },
  {
    what: 'user network, 1,000 ports',
    words: [...app, '-p', '10000-10999:10000-10999'],
    rounds: 11,
    fairleadOnly: true,
    more: { what: '1,000 ports more than 1', than: onePort, goal: within(25, 'ms') },
  },
];

/** `docker run --rm … busybox true` with the same docker command. */
export const dockerRun: Subject = {
  name: 'run',
  method:
    'The same docker command, started anew each time, runs `docker run --rm … busybox true` against both engines in ' +
    'turn; from its start to its exit. One run of each kind goes before and is not counted. What 1,000 ports take more ' +
    'than one is told by pairs of runs, one after the other.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      const lines: Measurement[] = [];
      for (const variant of variants) {
        say(`docker run, ${variant.what}`);
        lines.push(...(await measureVariant(variant, engines, times)));
      }
      return lines;
    }),
};

async function measureVariant(
  variant: Variant,
  engines: readonly Engine[],
  times: Setting['times'],
): Promise<Measurement[]> {
  const { what, words, rounds, goal, fairleadOnly = false, more } = variant;
  const samples: Samples = {};
  const differences: Samples = {};
  const taking = engines.filter(({ name }) => name === 'fairlead' || !fairleadOnly);
  for (let round = -1; round < times(rounds); round++) {
    for (const engine of taking) {
      const time = (asked: readonly string[]) => engine.timeDocker('run', '--rm', ...asked, 'busybox', 'true');
      const less = more && (await time(more.than));
      const milliseconds = await time(words);
      if (round < 0) continue;
      note(samples, engine.name, milliseconds);
      if (less !== undefined) note(differences, engine.name, milliseconds - less);
    }
  }
  const subject = 'docker run --rm busybox true';
  const line = measured({ subject, what, unit: 'ms', goal }, samples);
  return more ? [line, measured({ subject, what: more.what, unit: 'ms', goal: more.goal }, differences)] : [line];
}
