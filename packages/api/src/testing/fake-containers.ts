import { FairleadError, newIdentifier } from '@fairlead/base';
import type {
  AttachedStreams,
  AttachOptions,
  ContainerConfig,
  ContainerService,
  ContainerState,
  ContainerUpdate,
  ContainerView,
  EngineEvent,
  Exec,
  Image,
  LogLine,
  LogOptions,
  WaitCondition,
  WaitResult,
} from '@fairlead/engine';
import { Broadcast } from './broadcast.ts';
import { type FakeContainer, presentFake } from './fake-container.ts';
import type { FakeImages } from './fake-images.ts';
import { readFakeLog } from './fake-log.ts';
import type { FakeNetworks } from './fake-networks.ts';
import { FakeProcess } from './fake-process.ts';

const signals: Readonly<Record<string, number>> = { KILL: 9, TERM: 15, INT: 2, HUP: 1 };

/** Containers in memory whose processes are {@link FakeProcess}es. */
export class FakeContainers implements ContainerService {
  readonly #containers = new Map<string, FakeContainer>();
  readonly #execs = new Map<string, { exec: Exec; process?: FakeProcess }>();
  readonly #images: FakeImages;
  readonly #networks: () => FakeNetworks;
  readonly #emit: (event: Omit<EngineEvent, 'time'>) => void;
  /** Sizes of terminals, newest last. */
  readonly resizes: { readonly rows: number; readonly columns: number }[] = [];

  constructor(images: FakeImages, networks: () => FakeNetworks, emit: (event: Omit<EngineEvent, 'time'>) => void) {
    this.#images = images;
    this.#networks = networks;
    this.#emit = emit;
  }

  async create(request: ContainerConfig & { readonly name?: string }) {
    const image = this.#images.find(request.image);
    const id = newIdentifier();
    const name = request.name ?? `fake_${id.slice(0, 6)}`;
    const holder = [...this.#containers.values()].find(({ container }) => container.name === name);
    if (holder !== undefined) {
      const fault = `Conflict. The container name "/${name}" is already in use by container "${holder.container.id}". You have to remove (or rename) that container to be able to reuse that name.`;
      throw new FairleadError('conflict', fault);
    }
    this.#containers.set(id, makeContainer(id, name, request, image));
    this.#say(id, 'create');
    return { id, warnings: [] };
  }

  async start(reference: string): Promise<void> {
    const fake = this.find(reference);
    if (fake.container.state.status === 'running') {
      throw new FairleadError('not-modified', 'container already started');
    }
    const { path, args, env, config, id, name } = fake.container;
    for (const { network, config: endpoint } of config.networks) {
      this.#networks().join(this.#networks().inspect(network).network, id, name, endpoint);
    }
    const process = new FakeProcess({ command: [path, ...args], tty: config.tty, env });
    fake.process = process;
    fake.started.resolve(process);
    this.#update(fake, { status: 'running', pid: 4242, startedAt: Date.now() });
    this.#say(id, 'start');
    void process.exited.then((exitCode) => this.#exited(fake, exitCode));
  }

  async stop(reference: string): Promise<void> {
    const fake = this.find(reference);
    if (fake.container.state.status !== 'running') {
      throw new FairleadError('not-modified', 'container already stopped');
    }
    fake.process?.kill(9);
    await fake.exit.promise;
  }

  async restart(reference: string): Promise<void> {
    await this.stop(reference);
    await this.start(reference);
  }

  async kill(reference: string, signal = 'KILL'): Promise<void> {
    const fake = this.find(reference);
    this.#requireRunning(fake, `cannot kill container: ${reference}: container ${fake.container.id} is not running`);
    fake.process?.kill(signals[signal.replace(/^SIG/, '')] ?? Number(signal));
    await fake.exit.promise;
  }

  async pause(reference: string): Promise<void> {
    this.#update(this.find(reference), { status: 'paused' });
  }

  async unpause(reference: string): Promise<void> {
    this.#update(this.find(reference), { status: 'running' });
  }

  async rename(reference: string, name: string): Promise<void> {
    const fake = this.find(reference);
    fake.container = { ...fake.container, name };
  }

  async update(reference: string, { limits, restartPolicy }: ContainerUpdate): Promise<readonly string[]> {
    const fake = this.find(reference);
    const { host } = fake.container.config;
    const changed = { ...host, limits: { ...host.limits, ...limits }, ...(restartPolicy && { restartPolicy }) };
    fake.container = { ...fake.container, config: { ...fake.container.config, host: changed } };
    return [];
  }

  async remove(reference: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const fake = this.find(reference);
    const { id, name, state } = fake.container;
    if (state.status === 'running' && options.force !== true) {
      const fault = `cannot remove container "/${name}": container is running: stop the container before removing or force remove`;
      throw new FairleadError('conflict', fault);
    }
    fake.process?.kill(9);
    this.#containers.delete(id);
    this.#networks().leave(id);
    fake.removed.resolve();
    this.#say(id, 'destroy');
  }

  async wait(reference: string, condition: WaitCondition): Promise<{ readonly result: Promise<WaitResult> }> {
    const fake = this.find(reference);
    const code = (): WaitResult => ({ exitCode: fake.container.state.exitCode });
    if (condition === 'removed') return { result: fake.removed.promise.then(code) };
    const isOver = condition === 'not-running' && fake.container.state.status !== 'running';
    return { result: isOver ? Promise.resolve(code()) : fake.exit.promise.then(code) };
  }

  async resize(reference: string, rows: number, columns: number): Promise<void> {
    this.find(reference);
    this.resizes.push({ rows, columns });
  }

  async attach(reference: string, options: AttachOptions): Promise<AttachedStreams> {
    const fake = this.find(reference);
    const now = fake.process;
    // A container that has not started yet: what is written waits for its process.
    const ready = fake.started.promise.then((process) => {
      const start = options.logs || now === undefined ? 0 : now.output.values.length;
      return process.attach(start, options);
    });
    const closed = new AbortController();
    return {
      tty: fake.container.config.tty,
      output: (async function* () {
        yield* (await ready).output;
      })(),
      write: async (data) => await (await ready).write(data),
      end: async () => await (await ready).end(),
      detach: () => {
        closed.abort();
        if (fake.process !== undefined) void ready.then((streams) => streams.detach());
      },
    };
  }

  async logs(reference: string, options: LogOptions) {
    const { process, container } = this.find(reference);
    const output = process?.output ?? new Broadcast<LogLine>(true);
    return { tty: container.config.tty, lines: readFakeLog(output, options) };
  }

  async inspect(reference: string): Promise<ContainerView> {
    return this.#view(this.find(reference));
  }

  list(): readonly ContainerView[] {
    return [...this.#containers.values()].reverse().map((fake) => this.#view(fake));
  }

  async listWithImages(): Promise<readonly ContainerView[]> {
    return this.list();
  }

  async size() {
    return { readWrite: 12, rootFilesystem: 4_321_012 };
  }

  async top(reference: string): Promise<readonly number[]> {
    this.#requireRunning(this.find(reference), `container ${reference} is not running`);
    return [process.pid];
  }

  async createExec(reference: string, request: Omit<Exec, 'id' | 'container' | 'running' | 'exitCode' | 'pid'>) {
    const fake = this.find(reference);
    this.#requireRunning(fake, `container ${fake.container.id} is not running`);
    const exec = {
      ...request,
      id: newIdentifier(),
      container: fake.container.id,
      running: false,
      exitCode: null,
      pid: 0,
    };
    this.#execs.set(exec.id, { exec });
    return exec.id;
  }

  async startExec(id: string, options: { readonly detach: boolean }): Promise<AttachedStreams | undefined> {
    const entry = this.#findExec(id);
    const { command, tty, env, attachStdin, attachStdout, attachStderr } = entry.exec;
    if (command[0] === 'absent') {
      entry.exec = { ...entry.exec, exitCode: 127 };
      const fault =
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "absent": executable file not found in $PATH: unknown';
      throw new FairleadError('invalid-argument', fault);
    }
    const process = new FakeProcess({ command, tty, env });
    entry.exec = { ...entry.exec, running: true, pid: 4243 };
    void process.exited.then((exitCode) => {
      entry.exec = { ...entry.exec, running: false, exitCode };
    });
    return options.detach
      ? undefined
      : process.attach(0, { stdin: attachStdin, stdout: attachStdout, stderr: attachStderr });
  }

  async resizeExec(id: string, rows: number, columns: number): Promise<void> {
    this.#findExec(id);
    this.resizes.push({ rows, columns });
  }

  inspectExec(id: string): Exec {
    return this.#findExec(id).exec;
  }

  startableExec(id: string): Exec {
    const { exec } = this.#findExec(id);
    this.#requireRunning(this.find(exec.container), `container ${exec.container} is not running`);
    return exec;
  }

  /** @throws FairleadError `not-found` in Docker's words. */
  find(reference: string): FakeContainer {
    const all = [...this.#containers.values()];
    const name = reference.replace(/^\//, '');
    const found =
      all.find(({ container }) => container.id === name || container.name === name) ??
      all.find(({ container }) => container.id.startsWith(name));
    if (found === undefined) throw new FairleadError('not-found', `No such container: ${reference}`);
    return found;
  }

  #findExec(id: string) {
    const entry = this.#execs.get(id);
    if (entry === undefined) throw new FairleadError('not-found', `No such exec instance: ${id}`);
    return entry;
  }

  #view(fake: FakeContainer): ContainerView {
    const execs = [...this.#execs.values()].filter(({ exec }) => exec.container === fake.container.id && exec.running);
    return presentFake(
      fake,
      this.#networks(),
      execs.map(({ exec }) => exec.id),
    );
  }

  #exited(fake: FakeContainer, exitCode: number): void {
    this.#update(fake, { status: 'exited', pid: 0, exitCode, finishedAt: Date.now() });
    this.#networks().leave(fake.container.id);
    this.#say(fake.container.id, 'die', { exitCode: String(exitCode) });
    fake.exit.resolve();
    fake.exit = Promise.withResolvers<void>();
    if (fake.container.config.host.autoRemove) void this.remove(fake.container.id, { force: true }).catch(() => {});
  }

  #update(fake: FakeContainer, change: Partial<ContainerState>): void {
    fake.container = { ...fake.container, state: { ...fake.container.state, ...change } };
  }

  #requireRunning(fake: FakeContainer, message: string): void {
    if (fake.container.state.status !== 'running') throw new FairleadError('conflict', message);
  }

  #say(id: string, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    const fake = this.#containers.get(id);
    const name = fake?.container.name ?? '';
    const image = fake?.container.config.image ?? '';
    this.#emit({ type: 'container', action, id, attributes: { name, image, ...attributes } });
  }
}

function makeContainer(id: string, name: string, config: ContainerConfig, image: Image): FakeContainer {
  const command = [...(config.entrypoint ?? []), ...(config.command ?? ['sh'])];
  const [path = '', ...args] = command;
  const container = {
    id,
    name,
    created: Date.now(),
    imageId: image.id,
    config,
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, restartCount: 0 } as const,
    path,
    args,
    env: ['PATH=/bin', ...config.env],
    workingDir: config.workingDir,
    user: config.user,
  };
  return {
    container,
    image,
    process: undefined,
    started: Promise.withResolvers(),
    exit: Promise.withResolvers(),
    removed: Promise.withResolvers(),
  };
}
