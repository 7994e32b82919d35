import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../engine.ts';
import { runLoad } from '../load/run-load.ts';
import { atMostOfLine, type Measurement, measured, note, type Samples } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

const networks = 100;
const containers = 10;
const ports = 10_000;
const firstPort = 10_000;
/** Rounds that are not counted: one engine has done the same a thousand times when the other one begins with it. */
const warmUp = 10;
/** Milliseconds until endpoints that were made have been announced for the last time. */
const rest = 5000;

/** The same thing done on an engine that has nothing else to look after, and on one that has much. */
interface Comparison {
  readonly what: string;
  readonly unit: string;
  /** One sample. */
  readonly sample: (engine: Engine) => Promise<number>;
}

/** What an endpoint, a port and a name cost beside many others. */
export const crowd: Subject = {
  name: 'crowd',
  method:
    `Two Fairleads take turns: one has a single container, the other one ${containers} more, on ${networks} networks each, which ` +
    `makes ${(networks * containers).toLocaleString('en')} endpoints, and ${ports.toLocaleString('en')} published ports, host and container ports numbered in opposite order. ` +
    'Attach and detach: `POST /networks/…/connect` and `disconnect` of the single container. Publish: `POST ' +
    '/fairlead/containers/…/ports`. All from request to answer. One answer: as in names, with one asker. It begins ' +
    `${rest / 1000} s after the last endpoint of the crowd was made, for each is announced to its neighbours for a while, and ` +
    `with ${warmUp} rounds of everything that are not counted.`,
  async measure(setting) {
    setting.say('an engine with one container and an engine with a crowd');
    await using empty = await Engine.start('fairlead');
    await using full = await Engine.start('fairlead');
    for (const engine of [empty, full]) await prepare(engine);
    await fill(full);
    await sleep(rest);
    const lines: Measurement[] = [];
    for (const comparison of comparisons) lines.push(...(await compare(comparison, empty, full, setting)));
    lines.push(...(await compareRange(empty, setting)));
    return lines;
  },
};

const subject = 'beside 1,000 endpoints, 100 networks, 10,000 ports';
const change = '/v1.41/networks/probed';

const comparisons: readonly Comparison[] = [
  {
    what: 'attach',
    unit: 'ms',
    sample: async (engine) => {
      const took = await time(engine, `${change}/connect`, { Container: 'probe' });
      await engine.call('POST', `${change}/disconnect`, { Container: 'probe' });
      return took;
    },
  },
  {
    what: 'detach',
    unit: 'ms',
    sample: async (engine) => {
      await engine.call('POST', `${change}/connect`, { Container: 'probe' });
      return await time(engine, `${change}/disconnect`, { Container: 'probe' });
    },
  },
  { what: 'publish a port', unit: 'ms', sample: (engine) => publish(engine, '8080:80') },
  { what: 'one answer, median', unit: 'µs', sample: answer },
];

async function prepare(engine: Engine): Promise<void> {
  await engine.call('POST', '/v1.41/networks/create', { Name: 'probed' });
  await engine.run({ name: 'probe', network: 'app', command: ['sleep', '3000'] });
}

async function fill(engine: Engine): Promise<void> {
  const pairs = Array.from(
    { length: ports },
    (_, index) => [firstPort + index, firstPort + ports - 1 - index] as const,
  );
  for (let index = 0; index < networks; index++) {
    const IPAM = { Config: [{ Subnet: `10.200.${index}.0/24` }] };
    await engine.call('POST', '/v1.41/networks/create', { Name: `crowd${index}`, IPAM });
  }
  for (let index = 0; index < containers; index++) {
    const published = index === 0 ? { ports: Object.fromEntries(pairs) } : {};
    const name = `crowd${index}`;
    await engine.run({ name, network: 'crowd0', command: ['sleep', '3000'], ...published });
    for (let other = 1; other < networks; other++) {
      await engine.call('POST', `/v1.41/networks/crowd${other}/connect`, { Container: name });
    }
  }
}

async function compare(
  { what, unit, sample }: Comparison,
  empty: Engine,
  full: Engine,
  { times }: Setting,
): Promise<Measurement[]> {
  const alone: Samples = {};
  const beside: Samples = {};
  for (let round = -warmUp; round < times(25); round++) {
    const samples = [await sample(empty), await sample(full)] as const;
    if (round < 0) continue;
    note(alone, 'fairlead', samples[0]);
    note(beside, 'fairlead', samples[1]);
  }
  const first = measured({ subject, what: `${what}, alone`, unit }, alone);
  return [first, measured({ subject, what, unit, goal: atMostOfLine(1.2, first, 'alone') }, beside)];
}

/** A range is one element of a set, whatever its length. */
async function compareRange(engine: Engine, { times }: Setting): Promise<Measurement[]> {
  const one: Samples = {};
  const range: Samples = {};
  for (let round = -warmUp; round < times(25); round++) {
    const samples = [await publish(engine, '8080:80'), await publish(engine, '20000-29999:20000-29999')] as const;
    if (round < 0) continue;
    note(one, 'fairlead', samples[0]);
    note(range, 'fairlead', samples[1]);
  }
  const ofRange = 'publishing a range';
  const first = measured({ subject: ofRange, what: 'one port', unit: 'ms' }, one);
  const goal = atMostOfLine(2, first, 'one port');
  return [first, measured({ subject: ofRange, what: '10,000 ports', unit: 'ms', goal }, range)];
}

async function publish(engine: Engine, port: string): Promise<number> {
  const took = await time(engine, '/fairlead/containers/probe/ports', { add: [port] });
  await engine.call('POST', '/fairlead/containers/probe/ports', { remove: [port] });
  return took;
}

/** Median of the answers of a quarter of a second. */
async function answer(engine: Engine): Promise<number> {
  const path = await engine.namespaceOf('probe');
  const { p50 } = await runLoad<{ readonly p50: number }>('names.ts', [path, 'probe', '1', '250']);
  return p50;
}

async function time(engine: Engine, path: string, body: unknown): Promise<number> {
  const start = performance.now();
  await engine.call('POST', path, body);
  return performance.now() - start;
}
