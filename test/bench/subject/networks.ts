import { type Engine, withEngines } from '../engine.ts';
import { atMost, measured, note, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

/** Making and removing a network over HTTP. */
export const networks: Subject = {
  name: 'networks',
  method:
    '`POST /networks/create` and `DELETE /networks/…` on a connection to the socket that is kept, from request to ' +
    'answer. Both engines choose the subnet themselves.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      say('network create and remove');
      const create: Samples = {};
      const remove: Samples = {};
      for (let round = -2; round < times(25); round++) {
        for (const engine of engines) {
          const made = await time(engine, 'POST', '/v1.41/networks/create', { Name: 'bench', CheckDuplicate: true });
          const removed = await time(engine, 'DELETE', '/v1.41/networks/bench');
          if (round < 0) continue;
          note(create, engine.name, made);
          note(remove, engine.name, removed);
        }
      }
      const subject = 'network over HTTP';
      return [
        measured({ subject, what: 'create', unit: 'ms', goal: atMost(0.1, 'dockerd') }, create),
        measured({ subject, what: 'remove', unit: 'ms', goal: atMost(0.4, 'dockerd') }, remove),
      ];
    }),
};

async function time(engine: Engine, method: string, path: string, body?: unknown): Promise<number> {
  const start = performance.now();
  await engine.call(method, path, body);
  return performance.now() - start;
}
