import { setTimeout } from 'node:timers/promises';
import { type Engine, withEngines } from '../engine.ts';
import { type Measurement, measured, note, type Samples, within } from '../measurement.ts';
import { processorOf } from '../processor.ts';
import type { Setting, Subject } from '../subject.ts';
import { type Deed, deeds, type Look, TraceCost, type Turn, trafficKinds } from '../trace-cost.ts';
import { Traffic, type TrafficKind } from '../traffic.ts';

/** Milliseconds that a trace waits for an answer that does not come: as long as it does when it is not told. */
const WAITING = 1500;
/** Of these, how many it has begun after, and how many before the end it has not begun to end. */
const BEGINNING = 150;
const ENDING = 50;
/** Milliseconds of traffic before a trace, and after it. */
const BEFORE = 150;
const AFTER = 450;
/** An address of the network that nobody has. */
const NOBODY = '10.77.0.99';
const subject = 'fairlead trace';

/** Following a packet: how long it takes, and what it costs others. */
export const trace: Subject = {
  name: 'trace',
  method:
    '`POST /fairlead/traces` on a connection to the socket that is kept, from request to answer, between two containers of ' +
    'one network: to a web server, which answers, and to a port where nobody listens. Then two other containers exchange ' +
    'bytes as fast as they are taken, or single ones to and fro, over one TCP connection for each core with both of its ends ' +
    'on that core: so nobody waits for another core to wake up, and none has time left that a trace could take unnoticed. In ' +
    `the middle of each turn the daemon is asked for a trace that waits ${WAITING} ms for an answer that does not come, or for ` +
    'nothing (the floor); turns of each kind come in pairs, in any order, and a ratio is the median of those of the pairs, ' +
    'with their spread. *Meanwhile* is from question to answer, with all that the daemon does to begin and to end; *while it ' +
    `waits* is without the first ${BEGINNING} ms and the end of that, and *at first* is those alone, in which its rules are ` +
    'watched; *one trace after another* is as long a time full of traces that are answered at once; *afterwards* is the ' +
    `${AFTER} ms from the answer on. The ` +
    'processor is that of the asker, or of the receiver of bytes, to which the kernel reckons its part of the packets, and ' +
    'that of all threads of the daemon. *Nothing asked for* is a pair of turns without a trace: how far apart turns are that ' +
    'differ in nothing.',
  measure: async ({ engines: names, times, say }) => {
    if (!names.includes('fairlead')) return [];
    return await withEngines(['fairlead'], async ([engine]) => {
      if (engine === undefined) return [];
      await prepare(engine);
      say('traces');
      const answers = await measureAnswers(engine, times);
      say('TCP while a trace is under way');
      return [...answers, ...(await measureOthers(engine, times))];
    });
  },
};

async function prepare(engine: Engine): Promise<void> {
  await engine.daemon.docker('network', 'create', '--subnet', '10.77.0.0/24', 'traced');
  const server = ['busybox', 'httpd', '-f', '-h', '/var/www'];
  await engine.run({ name: 'web', network: 'traced', command: ['sleep', '1000'] });
  await engine.run({ name: 'db', network: 'traced', command: server });
  await engine.run({ name: 'sender', network: 'app', command: ['sleep', '1000'] });
  await engine.run({ name: 'receiver', network: 'app', command: ['sleep', '1000'] });
}

async function measureAnswers(engine: Engine, times: Setting['times']): Promise<Measurement[]> {
  const questions = { 'answer, delivered': 'db:80', 'answer, refused': 'db:81' };
  const lines: Measurement[] = [];
  for (const [what, to] of Object.entries(questions)) {
    const samples: Samples = {};
    for (let round = -5; round < times(50); round++) {
      const start = performance.now();
      await follow(engine, { from: 'web', to });
      if (round >= 0) note(samples, 'fairlead', performance.now() - start);
    }
    lines.push(measured({ subject, what, unit: 'ms', goal: within(50, 'ms') }, samples));
  }
  return lines;
}

async function follow(engine: Engine, question: object): Promise<void> {
  await engine.call('POST', '/fairlead/traces', question);
}

async function measureOthers(engine: Engine, times: Setting['times']): Promise<Measurement[]> {
  await using traffic = await Traffic.start(engine, 'sender', 'receiver');
  const cost = new TraceCost(subject);
  for (let round = -1; round < times(12); round++) {
    for (const kind of inAnyOrder(trafficKinds)) {
      const turns: Partial<Record<Deed, Turn>> = {};
      for (const deed of inAnyOrder(deeds)) turns[deed] = await takeTurn(engine, traffic, kind, deed);
      // In the first round nothing is compiled, cached or grown yet.
      if (round >= 0) cost.note(kind, turns as Record<Deed, Turn>);
    }
  }
  return cost.lines();
}

async function takeTurn(engine: Engine, traffic: Traffic, kind: TrafficKind, deed: Deed): Promise<Turn> {
  const { pid } = engine.daemon;
  const look = (): Look => ({ seconds: Number(process.hrtime.bigint()) / 1e9, daemon: processorOf(pid) });
  const lookIn = async (milliseconds: number): Promise<Look> => {
    await setTimeout(milliseconds);
    return look();
  };
  const end = await traffic.exchange(kind);
  const asked = await lookIn(BEFORE);
  const answer = doings[deed](engine);
  const begun = await lookIn(BEGINNING);
  const waited = await lookIn(WAITING - BEGINNING - ENDING);
  await answer;
  const answered = look();
  const over = await lookIn(AFTER);
  return { progress: await end(), looks: { asked, begun, waited, answered, over } };
}

/** Each takes as long as a trace that waits. */
const doings: Readonly<Record<Deed, (engine: Engine) => Promise<void>>> = {
  trace: (engine) => follow(engine, { from: 'web', to: NOBODY, timeout: WAITING }),
  traces: followOneAfterAnother,
  nothing: doNothing,
  'nothing again': doNothing,
};

async function followOneAfterAnother(engine: Engine): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < WAITING + 60) await follow(engine, { from: 'web', to: 'db:80' });
}

async function doNothing(engine: Engine): Promise<void> {
  await engine.call('GET', '/version');
  await setTimeout(WAITING + 60);
}

function inAnyOrder<T>(list: readonly T[]): T[] {
  return list
    .map((each) => ({ each, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ each }) => each);
}
