import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { type Engine, withEngines } from '../engine.ts';
import { atLeast, atMost, type Measurement, measured, note, type Samples, within } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

const PORT = 5001;
const program = join(import.meta.dirname, '../load/stream.pl');
/** Milliseconds that bytes are counted for in a turn, and round trips that are made. */
const COUNTED = 120;
const ROUND_TRIPS = 1000;
/** Milliseconds that a trace waits for an answer that does not come: longer than a turn of either kind takes. */
const WAITING = 1000;
/** An address of the network that nobody has. */
const NOBODY = '10.77.0.99';
const subject = 'fairlead trace';

/** Following a packet: how long it takes, and what it costs others. */
export const trace: Subject = {
  name: 'trace',
  method:
    '`POST /fairlead/traces` on a connection to the socket that is kept, from request to answer, between two containers of ' +
    'one network: to a web server, which answers, and to a port where nobody listens. Then two other containers exchange ' +
    'bytes over TCP, in turns without a trace (the floor), while one waits for an answer that does not come, and after ' +
    `such a one: bytes that arrive within ${COUNTED} ms, sent as fast as they are taken, and round trips of a single byte. ` +
    'Sender and receiver are kept on different cores.',
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

/** What two others get done in one turn. */
interface Turn {
  /** MB/s. */
  readonly bytes: number;
  /** Per second. */
  readonly roundTrips: number;
  /** Microseconds of the processor that the asker has had for each. */
  readonly processor: number;
}

async function measureOthers(engine: Engine, times: Setting['times']): Promise<Measurement[]> {
  await using traffic = await Traffic.start(engine);
  const meanwhile = lines();
  const afterwards = lines();
  for (let round = -1; round < times(60); round++) {
    const without = await traffic.turn();
    const waiting = follow(engine, { from: 'web', to: NOBODY, timeout: WAITING });
    // Its programs are loaded by then.
    await setTimeout(120);
    const during = await traffic.turn();
    await waiting;
    const after = await traffic.turn();
    if (round < 0) continue;
    for (const [samples, turn] of [[meanwhile, during] as const, [afterwards, after] as const]) {
      for (const what of kinds) {
        note(samples[what], 'floor', without[what]);
        note(samples[what], 'fairlead', turn[what]);
      }
    }
  }
  return [...rows(meanwhile, 'meanwhile', 0.05), ...rows(afterwards, 'afterwards', 0.02)];
}

const kinds = ['bytes', 'roundTrips', 'processor'] as const;
type Lines = Readonly<Record<(typeof kinds)[number], Samples>>;

function lines(): Lines {
  return { bytes: {}, roundTrips: {}, processor: {} };
}

/** @param share of what is done without a trace that may be lost. */
function rows({ bytes, roundTrips, processor }: Lines, when: string, share: number): Measurement[] {
  const goal = atLeast(1 - share, 'floor');
  const cost = atMost(1 + share, 'floor');
  return [
    measured({ subject, what: `TCP of others ${when}`, unit: 'MB/s', goal }, bytes),
    measured({ subject, what: `round trips of others ${when}`, unit: '/s', goal }, roundTrips),
    measured({ subject, what: `processor for a round trip ${when}`, unit: 'µs', goal: cost }, processor),
  ];
}

/** Two containers that exchange bytes. */
class Traffic implements AsyncDisposable {
  readonly #server: Talker;
  readonly #asker: Talker;
  readonly #place: { readonly path: string; readonly address: string };
  readonly #children: AsyncDisposableStack;

  private constructor(
    server: Talker,
    asker: Talker,
    place: { readonly path: string; readonly address: string },
    children: AsyncDisposableStack,
  ) {
    this.#server = server;
    this.#asker = asker;
    this.#place = place;
    this.#children = children;
  }

  static async start(engine: Engine): Promise<Traffic> {
    await using children = new AsyncDisposableStack();
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const address = (await engine.daemon.docker('inspect', '-f', format, 'receiver')).trim();
    const path = await engine.namespaceOf('sender');
    const server = children.use(new Talker(await engine.namespaceOf('receiver'), 1, ['serve', `${PORT}`]));
    await server.next();
    const asker = children.use(new Talker(path, 0, ['ask', address, `${PORT}`]));
    return new Traffic(server, asker, { path, address }, children.move());
  }

  async turn(): Promise<Turn> {
    const [seconds = 0, busy = 0] = (await this.#asker.ask(`${ROUND_TRIPS}`)).split(' ').map(Number);
    await using _filler = new Talker(this.#place.path, 0, ['fill', this.#place.address, `${PORT}`]);
    await setTimeout(60);
    const start = performance.now();
    const before = Number(await this.#server.ask(''));
    await setTimeout(COUNTED);
    const bytes = Number(await this.#server.ask('')) - before;
    const milliseconds = performance.now() - start;
    return {
      bytes: bytes / milliseconds / 1000,
      roundTrips: ROUND_TRIPS / seconds,
      processor: (busy / ROUND_TRIPS) * 1e6,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#children[Symbol.asyncDispose]();
  }
}

/** A program in a namespace, on a core, that answers line by line. */
class Talker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string> | undefined;

  constructor(path: string, core: number, words: readonly string[]) {
    const command = [`--net=${path}`, 'taskset', '--cpu-list', `${core}`, 'perl', program, ...words];
    this.#child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = this.#child.stdout ? createInterface(this.#child.stdout)[Symbol.asyncIterator]() : undefined;
  }

  async next(): Promise<string> {
    const answer = await this.#answers?.next();
    if (answer === undefined || answer.done) throw new Error('a program that was to exchange bytes has ended');
    return answer.value;
  }

  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}
