import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engine } from './engine.ts';
import { type Note, parseNotes } from './progress.ts';

const FIRST_PORT = 5001;
const program = join(import.meta.dirname, 'load/stream.pl');

/** What two exchange: as many bytes as they can, or single ones to and fro. */
export type TrafficKind = 'bytes' | 'round trips';

/**
 * Two containers that exchange something over TCP when they are told to. Each core has a connection of its own, with the process
 * at either end of it: nobody waits for another core to wake up, which takes its time and never the same, and no core has time
 * left, so that whoever else wants some takes it from them.
 */
export class Traffic implements AsyncDisposable {
  readonly #pairs: readonly Pair[];
  readonly #children: AsyncDisposableStack;

  private constructor(pairs: readonly Pair[], children: AsyncDisposableStack) {
    this.#pairs = pairs;
    this.#children = children;
  }

  /** @param from name of the container that sends, and asks. @param to name of the one that it sends to. */
  static async start(engine: Engine, from: string, to: string): Promise<Traffic> {
    await using children = new AsyncDisposableStack();
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const address = (await engine.daemon.docker('inspect', '-f', format, to)).trim();
    const [source, target] = [await engine.namespaceOf(from), await engine.namespaceOf(to)];
    const pairs: Pair[] = [];
    for (let core = 0; core < availableParallelism(); core++) {
      const port = `${FIRST_PORT + core}`;
      const talker = (path: string, ...words: string[]) => children.use(new Talker(path, core, words));
      const server = talker(target, 'serve', port);
      await server.next();
      pairs.push({
        server,
        filler: talker(source, 'fill', address, port),
        asker: talker(source, 'ask', address, port),
      });
    }
    return new Traffic(pairs, children.move());
  }

  /**
   * Exchange something until the function is called that is returned: it says what had come when, for each core: bytes of the
   * receiver, with its processor, or round trips of the asker.
   */
  async exchange(kind: TrafficKind): Promise<() => Promise<Note[][]>> {
    if (kind === 'bytes') await Promise.all(this.#pairs.map(({ server }) => server.ask('')));
    const running = this.#pairs.map(({ server, filler, asker }) => ({
      server,
      talker: kind === 'bytes' ? filler : asker,
    }));
    // Each has made its first note when it says that it begins.
    await Promise.all(running.map(({ talker }) => talker.ask('')));
    return () => {
      for (const { talker } of running) talker.interrupt();
      return Promise.all(
        running.map(async ({ server, talker }) => {
          const notes = await talker.next();
          return parseNotes(kind === 'bytes' ? await server.ask('') : notes);
        }),
      );
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#children[Symbol.asyncDispose]();
  }
}

/** The processes of one core. */
interface Pair {
  readonly server: Talker;
  readonly filler: Talker;
  readonly asker: Talker;
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

  /** What it does is to end; then it answers. */
  interrupt(): void {
    this.#child.kill('SIGUSR1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}
