import { type Engine, withEngines } from '../engine.ts';
import { runLoad } from '../load/run-load.ts';
import { atLeast, atMost, measured, note, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

/** What `load/names.ts` writes. */
interface NameLoad {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly wrong: number;
}

const containers = 10;
const askers = 8;

/** Container names asked inside a container. */
export const names: Subject = {
  name: 'names',
  method:
    `Ten containers on one network; ${askers} askers in one process send questions for the address of another ` +
    'container to 127.0.0.11 from inside the namespace of the first, each its next one in reply to the answer, for a ' +
    'second at a time in turn. An answer without the address ends the measurement.',
  measure: ({ engines: engineNames, times, say }) =>
    withEngines(engineNames, async (engines) => {
      say('container names');
      const paths = new Map<Engine, string>();
      for (const engine of engines) paths.set(engine, await prepare(engine));
      const rate: Samples = {};
      const median: Samples = {};
      const p99: Samples = {};
      for (let round = -1; round < times(7); round++) {
        for (const [engine, path] of paths) {
          const load = await runLoad<NameLoad>('names.ts', [path, `c${containers}`, `${askers}`, '1000']);
          if (load.wrong > 0) throw new Error(`${engine.name}: ${load.wrong} wrong answers`);
          if (round < 0) continue;
          note(rate, engine.name, load.rate);
          note(median, engine.name, load.p50);
          note(p99, engine.name, load.p99);
        }
      }
      const subject = `container names, ${askers} askers`;
      return [
        measured({ subject, what: 'answers', unit: '/s', goal: atLeast(1, 'dockerd') }, rate),
        measured({ subject, what: 'one answer, median', unit: 'µs' }, median),
        measured({ subject, what: 'one answer, p99', unit: 'µs', goal: atMost(1, 'dockerd') }, p99),
      ];
    }),
};

/** Path of the namespace of the container that asks. */
async function prepare(engine: Engine): Promise<string> {
  for (let index = 1; index <= containers; index++) {
    await engine.run({ name: `c${index}`, network: 'app', command: ['sleep', '1000'] });
  }
  return await engine.namespaceOf('c1');
}
