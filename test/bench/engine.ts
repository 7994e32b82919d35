import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Daemon, Host } from '@fairlead/lab';
import { dockerClient, startDockerd, startFairlead } from '../lab/peer.ts';

/** Engines with a Docker API. */
export const engineNames = ['fairlead', 'dockerd'] as const;

/** One of {@link engineNames}. */
export type EngineName = (typeof engineNames)[number];

/** How to make a container. */
export interface ContainerSpec {
  readonly name: string;
  readonly network: string;
  readonly command: readonly string[];
  /** Host port to container port, TCP. */
  readonly ports?: Readonly<Record<number, number>>;
  /** `PATH:PATH` of the host and inside. */
  readonly binds?: readonly string[];
}

/** An engine that runs in a throw-away host of its own, has the image `busybox` and the network `app`. */
export class Engine implements AsyncDisposable {
  readonly name: EngineName;
  readonly host: Host;
  readonly daemon: Daemon;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(name: EngineName, host: Host, daemon: Daemon) {
    this.name = name;
    this.host = host;
    this.daemon = daemon;
  }

  /** Make the host, start the engine, load the image. */
  static async start(name: EngineName): Promise<Engine> {
    await using parts = new AsyncDisposableStack();
    const host = parts.use(await Host.create());
    // Both shall do the same when their daemon is killed.
    const daemon = parts.use(
      await (name === 'fairlead' ? startFairlead(host) : startDockerd(host, ['--live-restore'])),
    );
    const engine = new Engine(name, host, daemon);
    await daemon.loadBusybox({ files: { '/var/www/index.html': 'it works\n' } });
    await daemon.docker('network', 'create', 'app');
    parts.move();
    return engine;
  }

  /**
   * Call its API on a connection that is kept.
   *
   * @returns what it answered, parsed; `undefined` for an empty answer.
   * @throws Error with status and message from 400 on.
   */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; answer: string }>();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const call = request(
      { socketPath: this.daemon.socketPath, agent: this.#agent, method, path, headers },
      (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
      },
    );
    call.on('error', reject);
    call.end(payload);
    const { status, answer } = await promise;
    if (status >= 400) throw new Error(`${this.name}: ${method} ${path}: ${status} ${answer.trim()}`);
    return answer === '' ? undefined : JSON.parse(answer);
  }

  /** Make and start a container, without the docker command. */
  async run({ name, network, command, ports = {}, binds = [] }: ContainerSpec): Promise<void> {
    const bindings = Object.entries(ports).map(([host, inner]) => [`${inner}/tcp`, [{ HostPort: host }]] as const);
    await this.call('POST', `/v1.41/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: command,
      ExposedPorts: Object.fromEntries(bindings.map(([port]) => [port, {}])),
      HostConfig: { NetworkMode: network, PortBindings: Object.fromEntries(bindings), Binds: binds },
    });
    await this.call('POST', `/v1.41/containers/${name}/start`);
  }

  /** Remove a container, running or not. */
  async remove(name: string): Promise<void> {
    await this.call('DELETE', `/v1.41/containers/${name}?force=1`);
  }

  /** Path, seen from around the host, of a container's network namespace. */
  async namespaceOf(container: string): Promise<string> {
    const pid = await this.daemon.docker('inspect', '--format', '{{.State.Pid}}', container);
    return this.host.pathOf(`/proc/${pid.trim()}/ns/net`);
  }

  /**
   * Run the docker command to its end, started from around the host: entering it would count.
   *
   * @returns milliseconds.
   * @throws Error with what it said when it fails.
   */
  timeDocker(...words: string[]): Promise<number> {
    return this.#time('ignore', words);
  }

  /** The same with a file as its standard input. */
  async timeDockerReading(path: string, ...words: string[]): Promise<number> {
    await using input = await open(path);
    return await this.#time(input.fd, words);
  }

  async #time(input: 'ignore' | number, words: readonly string[]): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const env = { ...process.env, DOCKER_HOST: `unix://${this.daemon.socketPath}`, DOCKER_CONFIG: this.host.folder };
    const start = performance.now();
    const child = spawn(dockerClient(), words, { stdio: [input, 'ignore', 'pipe'], env });
    let end = start;
    let complaint = '';
    child.stderr?.on('data', (piece: Buffer) => {
      complaint += piece;
    });
    child.on('error', reject);
    child.on('exit', () => {
      end = performance.now();
    });
    child.on('close', (code) => {
      if (code === 0) resolve(end - start);
      else
        reject(
          new Error(`${this.name}: docker ${words.join(' ').slice(0, 100)} exited with ${code}: ${complaint.trim()}`),
        );
    });
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.daemon[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

/** Start several engines beside each other, do work, and take them away. */
export async function withEngines<T>(
  names: readonly EngineName[],
  work: (engines: readonly Engine[]) => Promise<T>,
): Promise<T> {
  await using parts = new AsyncDisposableStack();
  const engines: Engine[] = [];
  for (const name of names) engines.push(parts.use(await Engine.start(name)));
  return await work(engines);
}
