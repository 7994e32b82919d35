import { type Engine, withEngines } from '../engine.ts';
import { atMost, type Goal, type Measurement, measured, note, type Samples } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

/** One way to run a container. */
interface Variant {
  readonly what: string;
  readonly words: readonly string[];
  readonly rounds: number;
  /** dockerd needs half a minute for 1,000 ports. */
  readonly fairleadOnly?: boolean;
  readonly goal?: Goal;
}

const app = ['--network', 'app'];
const variants: readonly Variant[] = [
  { what: 'network none', words: ['--network', 'none'], rounds: 11 },
  { what: 'default bridge', words: [], rounds: 11 },
  { what: 'user network', words: app, rounds: 11 },
  { what: 'user network, 1 port', words: [...app, '-p', '8080:80'], rounds: 15, goal: atMost(0.35, 'dockerd') },
  { what: 'user network, 100 ports', words: [...app, '-p', '10000-10099:10000-10099'], rounds: 3 },
  {
    what: 'user network, 1,000 ports',
    words: [...app, '-p', '10000-10999:10000-10999'],
    rounds: 11,
    fairleadOnly: true,
  },
];

/** `docker run --rm … busybox true` with the same docker command. */
export const dockerRun: Subject = {
  name: 'run',
  method:
    'The same docker command, started anew each time, runs `docker run --rm … busybox true` against both engines in ' +
    'turn; from its start to its exit. One run of each kind goes before and is not counted.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      const lines: Measurement[] = [];
      for (const variant of variants) {
        say(`docker run, ${variant.what}`);
        lines.push(await measureVariant(variant, engines, times));
      }
      return withIncrease(lines);
    }),
};

async function measureVariant(
  variant: Variant,
  engines: readonly Engine[],
  times: Setting['times'],
): Promise<Measurement> {
  const { what, words, rounds, goal, fairleadOnly = false } = variant;
  const samples: Samples = {};
  const taking = engines.filter(({ name }) => name === 'fairlead' || !fairleadOnly);
  for (let round = -1; round < times(rounds); round++) {
    for (const engine of taking) {
      const milliseconds = await engine.timeDocker('run', '--rm', ...words, 'busybox', 'true');
      if (round >= 0) note(samples, engine.name, milliseconds);
    }
  }
  return measured({ subject: 'docker run --rm busybox true', what, unit: 'ms', goal }, samples);
}

/** 1,000 published ports may cost 25 ms more than one. */
function withIncrease(lines: readonly Measurement[]): Measurement[] {
  const one = lines.find(({ what }) => what === 'user network, 1 port')?.results.fairlead?.median;
  return lines.map((line) => {
    if (line.what !== 'user network, 1,000 ports' || one === undefined) return line;
    const isMet = ({ fairlead }: { readonly fairlead?: number }) =>
      fairlead === undefined ? undefined : fairlead <= one + 25;
    return { ...line, goal: { text: '≤ 1 port + 25 ms', isMet } };
  });
}
