import { type Engine, withEngines } from '../engine.ts';
import { atMost, measured, note, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

const crowd = 20;
const phases = ['create', 'start', 'wait for the end', 'remove'] as const;

type Phase = (typeof phases)[number];

/** What `docker run --rm` consists of, and many containers at a time. */
export const containerLife: Subject = {
  name: 'life',
  method:
    'The requests of `docker run --rm busybox true` on the default bridge, over a connection to the socket that is kept, ' +
    'one after the other: `create`, `start`, `wait` (asked for when `start` has been answered) and `DELETE`. Then ' +
    `${crowd} containers that sleep are created, and started by ${crowd} requests at once: until all are answered.`,
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      say('phases of a container');
      const byPhase: Record<Phase, Samples> = { create: {}, start: {}, 'wait for the end': {}, remove: {} };
      for (let round = -1; round < times(15); round++) {
        for (const engine of engines) {
          const took = await timePhases(engine);
          if (round >= 0) for (const phase of phases) note(byPhase[phase], engine.name, took[phase]);
        }
      }
      say(`${crowd} containers at once`);
      const together: Samples = {};
      for (let round = 0; round < times(5); round++) {
        for (const engine of engines) note(together, engine.name, await timeCrowd(engine));
      }
      const subject = 'a container’s life over HTTP';
      const goal = atMost(1, 'dockerd');
      return [
        ...phases.map((what) => measured({ subject, what, unit: 'ms' }, byPhase[what])),
        measured({ subject, what: `${crowd} started at once`, unit: 'ms', goal }, together),
      ];
    }),
};

const path = (name: string, rest = '') => `/v1.41/containers/${name}${rest}`;

async function timePhases(engine: Engine): Promise<Record<Phase, number>> {
  const timed = async (method: string, at: string, body?: unknown) => {
    const start = performance.now();
    await engine.call(method, at, body);
    return performance.now() - start;
  };
  return {
    create: await timed('POST', path('create', '?name=brief'), { Image: 'busybox', Cmd: ['true'] }),
    start: await timed('POST', path('brief', '/start')),
    'wait for the end': await timed('POST', path('brief', '/wait')),
    remove: await timed('DELETE', path('brief')),
  };
}

async function timeCrowd(engine: Engine): Promise<number> {
  const names = Array.from({ length: crowd }, (_, index) => `together${index}`);
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'] };
  for (const name of names) await engine.call('POST', path('create', `?name=${name}`), body);
  const start = performance.now();
  await Promise.all(names.map((name) => engine.call('POST', path(name, '/start'))));
  const milliseconds = performance.now() - start;
  for (const name of names) await engine.remove(name);
  return milliseconds;
}
