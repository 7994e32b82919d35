import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Host, labAddresses } from '@fairlead/lab';
import { bareMap, type PortPair, publish } from '../bare-map.ts';
import { type Engine, withEngines } from '../engine.ts';
import { atMost, type Contender, type Measurement, measuredInPairs, note, type Samples } from '../measurement.ts';
import type { Setting, Subject } from '../subject.ts';

/** What `load/connect.pl` writes. */
interface ConnectLoad {
  readonly rate: number;
  readonly p50: number;
}

/** A published port that leads to a namespace where connections are taken. */
interface Target {
  readonly contender: Contender;
  readonly host: Host;
  readonly path: string;
}

const firstPort = 20_000;
const counts = [1, 100, 1000];
/** dockerd needs half a minute to start with 1,000 ports. */
const dockerdLimit = 100;
/** Few, so that all have their turn while the machine is in the same mood. */
const connectionsPerTurn = 100;
/** Turns of each, for each of the times that other subjects measure. */
const turns = 25;

/** New connections through a published port. */
export const connections: Subject = {
  name: 'connections',
  method:
    'A process outside of the host opens TCP connections to one published port of it, one after the other, and resets ' +
    'each; a process in the container takes them. The two are kept on different cores. Time of connect(2): the median ' +
    `of ${connectionsPerTurn} in each turn, everybody's turn coming some hundred times, and the ratio the median of those of ` +
    'turns beside each other. Host and container ports are numbered in opposite order, so that no range can stand for them. The floor is a bridge, a veth pair and one nftables map, nothing else.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      const { host, path } = await bareMap();
      await using _floor = host;
      const lines: Measurement[] = [];
      for (const count of counts) {
        say(`connections through 1 of ${count} published ports`);
        await publish(host, portPairs(count));
        const targets: Target[] = [{ contender: 'floor', host, path }];
        for (const engine of engines) {
          if (engine.name === 'fairlead' || count <= dockerdLimit) targets.push(await publishOn(engine, count));
        }
        lines.push(...(await measureCount(count, targets, times)));
        for (const engine of engines)
          if (engine.name === 'fairlead' || count <= dockerdLimit) await engine.remove('target');
      }
      return lines;
    }),
};

/** Opposite order on both sides. */
function portPairs(count: number): PortPair[] {
  return Array.from({ length: count }, (_, index) => [firstPort + index, firstPort + count - 1 - index] as const);
}

async function publishOn(engine: Engine, count: number): Promise<Target> {
  const ports = Object.fromEntries(portPairs(count));
  await engine.run({ name: 'target', network: 'app', command: ['sleep', '1000'], ports });
  return { contender: engine.name, host: engine.host, path: await engine.namespaceOf('target') };
}

async function measureCount(
  count: number,
  targets: readonly Target[],
  times: Setting['times'],
): Promise<Measurement[]> {
  const [outer, inner] = portPairs(count)[Math.floor(count / 2)] ?? [firstPort, firstPort];
  await using parties = new AsyncDisposableStack();
  for (const { path } of targets) parties.adopt(await accept(path, inner), stop);
  const latency: Samples = {};
  const rate: Samples = {};
  const askers = targets.map(({ contender, host }) => ({ contender, asker: new Asker(host, outer) }));
  for (const { asker } of askers) parties.use(asker);
  const rounds = times(9) * turns;
  for (let round = -turns; round < rounds; round++) {
    // Nobody is always the one who comes behind a certain other.
    for (const { contender, asker } of round % 2 === 0 ? askers : askers.toReversed()) {
      const load = await asker.connect(connectionsPerTurn);
      // The first turns warm caches.
      if (round < 0) continue;
      note(latency, contender, load.p50);
      note(rate, contender, load.rate);
    }
  }
  const subject = 'new connections through a published port';
  const published = `${count.toLocaleString('en')} published`;
  return [
    measuredInPairs({ subject, what: `connect, ${published}`, unit: 'µs', goal: atMost(1.05, 'floor') }, latency),
    measuredInPairs({ subject, what: `connections, ${published}`, unit: '/s' }, rate),
  ];
}

async function accept(path: string, port: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '../load/accept.pl');
  const command = [`--net=${path}`, 'taskset', '--cpu-list', '1', 'perl', program, `${port}`];
  const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (typeof first === 'number') throw new Error(`connections are not taken on port ${port}`);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** Opens connections from outside of a host. */
class Asker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(host: Host, port: number) {
    const program = join(import.meta.dirname, '../load/connect.pl');
    const words = ['taskset', '--cpu-list', '0', 'perl', program, labAddresses.host.ipv4, `${port}`];
    this.#child = host.outside.start(words);
    if (this.#child.stdout === null) throw new Error('the asker cannot be heard');
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  async connect(count: number): Promise<ConnectLoad> {
    this.#child.stdin?.write(`${count}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('connections from outside are refused');
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.#child);
  }
}
