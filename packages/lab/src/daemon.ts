import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@fairlead/base';
import { type BusyboxImageOptions, busyboxImage } from './busybox-image.ts';
import type { Host } from './host.ts';
import { childrenOf, type Finished, type RunOptions } from './program.ts';
import { succeed } from './space.ts';

// Importing the module by name would read all its exports, and one of them loads the whole of undici.
const { get } = process.getBuiltinModule('node:http');

/** What to start, and where it will answer. */
export interface DaemonOptions {
  /** Program and arguments, run inside the host. */
  readonly command: readonly string[];
  /** Path of its API's socket inside the host. */
  readonly socket: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The docker command to use for {@link Daemon.docker}. Default: the one on the PATH. */
  readonly client?: string;
  /** Ends it when it is disposed of. Default SIGTERM. */
  readonly farewell?: NodeJS.Signals;
  /** Milliseconds until its API has to answer. Default 30,000. */
  readonly patience?: number;
}

/** A daemon with a Docker API in a host: Fairlead's, or a peer's. It ends with the host in any case. */
export class Daemon implements AsyncDisposable {
  readonly host: Host;
  /** Inside the host. */
  readonly socket: string;
  /** The same, for a client in the machine around it. */
  readonly socketPath: string;
  /** Inside the host, for `DOCKER_HOST`. */
  readonly address: string;
  readonly #options: DaemonOptions;
  readonly #log: string;
  #process: ChildProcess;

  private constructor(host: Host, options: DaemonOptions) {
    this.host = host;
    this.socket = options.socket;
    this.socketPath = host.pathOf(options.socket);
    this.address = `unix://${options.socket}`;
    this.#options = options;
    this.#log = join(host.folder, 'daemon.log');
    this.#process = this.#launch();
  }

  /**
   * Start any daemon and wait until its API answers.
   *
   * @throws Error with the end of its log when it ends or does not answer in time.
   */
  static async start(host: Host, options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(host, options);
    await daemon.#whenAnswering();
    return daemon;
  }

  /**
   * Start Fairlead in a host, with folders and a control group of the host's own.
   *
   * @param flags added to those that say where everything is.
   */
  static fairlead(host: Host, flags: readonly string[] = [], options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    const socket = '/run/fairlead/docker.sock';
    const data = join(host.folder, 'data');
    const places = ['--data-root', data, '--exec-root', '/run/fairlead', '--pidfile', '/run/fairlead.pid'];
    const group = ['--cgroup-parent', `/${host.name}`];
    const launcher = resolve(import.meta.dirname, '../../../fairlead');
    const command = [launcher, 'daemon', '-H', `unix://${socket}`, ...places, ...group, ...flags];
    return Daemon.start(host, { command, socket, ...options });
  }

  /** Its process id as the machine around sees it. */
  get pid(): number {
    const [pid] = childrenOf(this.#process.pid ?? 0);
    if (pid === undefined) throw new Error('the daemon is not running');
    return pid;
  }

  /** True until it has ended. */
  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Everything that it has written. */
  log(): string {
    return readFileSync(this.#log, { encoding: 'utf8', flag: 'a+' });
  }

  /** Kill it without a chance to clean up, and wait until it is gone. */
  kill9(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ask it to end, and wait until it has. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /**
   * Start it again with the same flags, and wait until its API answers; one that still runs is stopped first.
   *
   * @returns milliseconds from the start to the first answer.
   */
  async restart(): Promise<number> {
    await this.stop();
    const start = performance.now();
    this.#process = this.#launch();
    await this.#whenAnswering();
    return performance.now() - start;
  }

  /** Run the docker command against it, whatever the exit code is. */
  tryDocker(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const env = { DOCKER_HOST: this.address, DOCKER_CONFIG: this.host.folder, ...options.env };
    return this.host.run([this.#options.client ?? 'docker', ...words], { ...options, env });
  }

  /**
   * Run the docker command against it.
   *
   * @returns its standard output as it is, with the last line break.
   * @throws Error with what it said when it fails.
   */
  async docker(...words: string[]): Promise<string> {
    return succeed(['docker', ...words], await this.tryDocker(words));
  }

  /** Load an image of the machine's own busybox, see {@link busyboxImage}. @throws Error with what the docker command said. */
  async loadBusybox(options: BusyboxImageOptions = {}): Promise<void> {
    const archive = join(this.host.folder, 'busybox.tar');
    await busyboxImage(archive, options);
    await this.docker('load', '-i', archive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(this.#options.farewell ?? 'SIGTERM');
  }

  #launch(): ChildProcess {
    const { command, env = {} } = this.#options;
    const child = this.host.start(command, { env });
    child.stdin?.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => appendFileSync(this.#log, piece));
    }
    child.on('error', (error) => appendFileSync(this.#log, `${error.message}\n`));
    return child;
  }

  /** The signal goes to the daemon itself: its parent, which entered the host for it, ends with it. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#process.once('exit', () => resolve());
    const alarm = setTimeout(() => {
      this.#signal('SIGKILL');
      this.#process.kill('SIGKILL');
    }, 15_000);
    // Its parent may not have entered the host yet: killed alone, it could leave a daemon behind that nobody knows of.
    while (this.running && !this.#signal(signal)) await sleep(5);
    await promise;
    clearTimeout(alarm);
  }

  /** @returns false while there is nobody to get it. */
  #signal(signal: NodeJS.Signals): boolean {
    const children = childrenOf(this.#process.pid ?? 0);
    for (const pid of children) process.kill(pid, signal);
    return children.length > 0;
  }

  async #whenAnswering(): Promise<void> {
    const end = performance.now() + (this.#options.patience ?? 30_000);
    for (;;) {
      const problem = await ping(this.socketPath);
      if (problem === undefined) return;
      if (!this.running || performance.now() > end) {
        throw new Error(`${this.#options.command.join(' ')} does not answer (${problem}):\n${this.log().slice(-4000)}`);
      }
      await sleep(5);
    }
  }
}

/** What keeps the API from answering, `undefined` when nothing does. */
async function ping(socketPath: string): Promise<string | undefined> {
  // Cheaper than a request that fails, for the many times that a start is asked after.
  if (!existsSync(socketPath)) return 'no socket';
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const request = get({ socketPath, path: '/_ping', agent: false, timeout: 5000 }, (response) => {
    response.resume();
    resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`);
  });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  request.on('error', (error) => resolve(messageOf(error)));
  return await promise;
}
