import { FairleadError, isNotFound, KeyedMutex, messageOf } from '@fairlead/base';
import type { EngineContext } from '../context.ts';
import type { AttachedStreams, AttachOptions, WaitCondition, WaitResult } from '../engine-port.ts';
import type { LogMark } from '../log/log-writer.ts';
import type { Container } from '../model.ts';
import type { ContainerVolumes } from '../volume/container-volumes.ts';
import { containerEvent } from './container-event.ts';
import type { FileWriter } from './container-files.ts';
import { isAlive, notRunning } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { ContainerEnd } from './ending.ts';
import type { ExecTable } from './exec-table.ts';
import { ExitWatch } from './exit-watch.ts';
import { parseSignal } from './signal.ts';
import type { ContainerStart, Started } from './start.ts';

const SIGKILL = 9;
const SIGTERM = 'SIGTERM';
/** Seconds that a container gets to stop by itself, as Docker gives. */
const STOP_TIMEOUT = 10;
/** Seconds after SIGKILL: by then only a process stuck in the kernel is left. */
const KILL_TIMEOUT = 10;

/** How a container is asked to stop; see `ContainerService.stop`. */
export interface StopOptions {
  readonly timeout?: number;
  readonly signal?: string;
}

/** A process that was sent SIGKILL. The promise is wrapped so that whoever awaits this does not await the end. */
interface Killed {
  readonly ended: Promise<WaitResult>;
}

/** A client's end of a container's streams. */
interface Attachment {
  readonly live: AttachedStreams;
  /** What the log held when the first live byte was still to come. */
  readonly mark: LogMark | undefined;
}

/** What {@link Lifecycle} works with. */
export interface LifecycleParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly files: FileWriter;
  readonly start: ContainerStart;
  readonly execs: ExecTable;
  readonly volumes: ContainerVolumes;
  /** Whose turn it is, by container id. */
  readonly turns: KeyedMutex;
}

/**
 * What happens to containers between their creation and their removal. Work on one container is done in turns; the end
 * of its process takes a turn of its own, so whoever waits for that must not hold one.
 */
export class Lifecycle {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #start: ContainerStart;
  readonly #end: ContainerEnd;
  readonly #turns: KeyedMutex;
  readonly #restartTurns = new KeyedMutex();
  readonly #restarting = new Set<string>();
  readonly #watch = new ExitWatch();
  readonly #running = new Map<string, Started>();

  constructor({ context, table, files, start, execs, volumes, turns }: LifecycleParts) {
    this.#context = context;
    this.#table = table;
    this.#start = start;
    this.#turns = turns;
    const own = { watch: this.#watch, running: this.#running };
    this.#end = new ContainerEnd({ context, table, files, start, execs, volumes, ...own });
  }

  /** Streams and log of a container that runs or that clients have attached to, once what goes on with it is over. */
  async streams(id: string): Promise<Started | undefined> {
    if (!this.#running.has(id)) await this.#turns.run(id, () => {});
    return this.#running.get(id);
  }

  /**
   * A client's end of the streams of a container, running or not: a client that attaches before the start misses
   * nothing. Pipes that were made for it go when it has gone and nobody has started the container.
   */
  async attach(id: string, options: AttachOptions): Promise<Attachment> {
    const { live, mark } = this.#attachTo(id, options) ?? (await this.#turns.run(id, () => this.#prepare(id, options)));
    const detach = () => {
      live.detach();
      void this.#turns.run(id, () => this.#abandon(id));
    };
    return { live: { ...live, detach }, mark };
  }

  /** @throws FairleadError `not-modified` when it runs already; else in Docker's words. Nothing is left of a failed start. */
  async start(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      requireStartable(container);
      try {
        const prepared = this.#running.get(id) ?? (await this.#start.openStreams(container));
        this.#running.set(id, prepared);
        await this.#start.run(container, prepared);
        this.#context.events.emit(containerEvent(this.#table.find(id), 'start'));
        this.#followToEnd(id, prepared);
      } catch (error) {
        await this.#failStart(id);
        throw error;
      }
    });
  }

  /** Take up again a container that went on while the daemon was away. */
  adopt(id: string, started: Started): void {
    this.#running.set(id, started);
    this.#followToEnd(id, started);
  }

  /** @throws FairleadError `not-modified` when it does not run. */
  async stop(reference: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#table.find(reference);
    const { ended, timeout } = await this.#turns.run(id, () => this.#askToStop(id, options));
    if (!(await within(ended, timeout))) {
      const killed = await this.#turns.run(id, () => this.#killNow(id));
      if (killed !== undefined) await insist(killed, `cannot stop container: ${reference}`);
    }
    await this.#settled(id);
    const container = this.#table.get(id);
    if (container !== undefined) this.#context.events.emit(containerEvent(container, 'stop'));
  }

  /** Stop it when it runs, and start it. What removes itself when it ends stays this time. */
  async restart(reference: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#restartTurns.run(id, async () => {
      this.#restarting.add(id);
      try {
        await this.stop(id, options).catch(ignoreNotModified);
        await this.start(id).catch(ignoreNotModified);
      } finally {
        this.#restarting.delete(id);
      }
      this.#context.events.emit(containerEvent(this.#table.find(id), 'restart'));
    });
  }

  /** @throws FairleadError `conflict` when it does not run. */
  async kill(reference: string, signal = ''): Promise<void> {
    const { id } = this.#table.find(reference);
    const number = parseSignal(signal || 'SIGKILL');
    const killed = await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      if (!isAlive(container)) {
        throw new FairleadError('conflict', `cannot kill container: ${reference}: container ${id} is not running`);
      }
      if (number === SIGKILL) return await this.#killNow(id);
      await this.#signal(container, number);
      return undefined;
    });
    if (killed === undefined) return;
    await insist(killed, `cannot kill container: ${reference}`);
    await this.#settled(id);
  }

  /** Freeze it. @throws FairleadError `conflict`. */
  async pause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const { state } = this.#table.find(id);
      if (state.status === 'paused') throw new FairleadError('conflict', `container ${id} is already paused`);
      if (state.status !== 'running') throw notRunning(id);
      await this.#context.containerd.tasks.pause(id);
      this.#context.events.emit(containerEvent(this.#table.setState(id, { status: 'paused' }), 'pause'));
    });
  }

  /** Let it go on. @throws FairleadError `conflict` when it does not run, `internal` when it is not paused. */
  async unpause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      if (!isAlive(container)) throw notRunning(id);
      if (container.state.status !== 'paused') throw new FairleadError('internal', `Container ${id} is not paused`);
      await this.#resume(id);
    });
  }

  /** @throws FairleadError `conflict` when it runs and `force` is not given, or when it is being removed already. */
  async remove(reference: string, force: boolean, removesVolumes: boolean): Promise<void> {
    const { id, name, state } = this.#table.find(reference);
    if (state.status === 'removing') {
      throw new FairleadError('conflict', `removal of container ${reference} is already in progress`);
    }
    // Somebody else may start it again between its end and its removal.
    while (this.#table.get(id) !== undefined) {
      const killed = await this.#turns.run(id, () => this.#removeOrKill(id, force, removesVolumes));
      if (killed !== undefined) await insist(killed, `cannot remove container "/${name}": could not kill`);
    }
  }

  /** Go on with a removal that was cut off, or take away what should have gone by itself. */
  async finishRemoval(id: string): Promise<void> {
    await this.#turns.run(id, () => {
      const container = this.#table.find(id);
      const { status, removesVolumes = false } = container.state;
      const wasAsked = status === 'removing' || status === 'dead';
      return this.#end.erase(container, wasAsked ? removesVolumes : true);
    });
  }

  /** Arm a wait; it has begun when this returns. */
  wait(reference: string, condition: WaitCondition): Promise<WaitResult> {
    const container = this.#table.find(reference);
    const { state } = container;
    if (condition === 'not-running' && !isAlive(container)) return Promise.resolve({ exitCode: state.exitCode });
    return this.#watch.wait(container.id, condition);
  }

  /** The kernel killed a process of this container for want of memory. */
  noteOutOfMemory(id: string): void {
    this.#end.noteOutOfMemory(id);
  }

  /** Let go of every stream; the containers go on. */
  release(): void {
    for (const { process } of this.#running.values()) process.release();
  }

  /** Record how a container ended; it goes altogether when that was asked for. */
  async recordExit(id: string, result: WaitResult, finishedAt: number): Promise<void> {
    const { cleanUp } = await this.#end.record(id, result, finishedAt);
    const container = this.#table.find(id);
    if (this.#removesItself(container)) await this.#end.vanish(container, cleanUp);
    else await cleanUp;
  }

  #attachTo(id: string, options: AttachOptions): Attachment | undefined {
    const started = this.#running.get(id);
    return started === undefined ? undefined : attachment(started, options, this.#table.find(id));
  }

  async #prepare(id: string, options: AttachOptions): Promise<Attachment> {
    const container = this.#table.find(id);
    const started = this.#running.get(id) ?? (await this.#start.openStreams(container));
    this.#running.set(id, started);
    return attachment(started, options, container);
  }

  async #abandon(id: string): Promise<void> {
    const prepared = this.#running.get(id);
    if (prepared === undefined || prepared.process.hasStarted || prepared.process.io.isRead) return;
    this.#running.delete(id);
    await prepared.close().catch((error) => this.#warn('streams not closed', id, error));
  }

  /** A container that goes by itself when it ends goes too when it never began. */
  async #failStart(id: string): Promise<void> {
    this.#running.delete(id);
    try {
      const container = this.#table.find(id);
      if (this.#removesItself(container)) await this.#end.erase(container, true);
    } catch (error) {
      this.#warn('container not removed', id, error);
    }
  }

  #removesItself({ id, config }: Container): boolean {
    return config.host.autoRemove && !this.#restarting.has(id);
  }

  async #askToStop(id: string, options: StopOptions) {
    const container = this.#table.find(id);
    if (!isAlive(container)) throw new FairleadError('not-modified', '');
    const signal = parseSignal(options.signal || container.config.stopSignal || SIGTERM);
    await this.#signal(container, signal);
    const timeout = options.timeout ?? container.config.stopTimeout ?? STOP_TIMEOUT;
    return { ended: this.#watch.wait(id, 'next-exit'), timeout };
  }

  async #removeOrKill(id: string, force: boolean, removesVolumes: boolean): Promise<Killed | undefined> {
    const container = this.#table.get(id);
    if (container === undefined) return undefined;
    if (!isAlive(container)) {
      await this.#end.erase(container, removesVolumes);
      return undefined;
    }
    if (!force) throw mustStop(container);
    return await this.#killNow(id);
  }

  /** To be called within a turn; the end comes after it. */
  async #killNow(id: string): Promise<Killed | undefined> {
    const container = this.#table.get(id);
    if (container === undefined || !isAlive(container)) return undefined;
    await this.#signal(container, SIGKILL);
    return { ended: this.#watch.wait(id, 'next-exit') };
  }

  #followToEnd(id: string, { process }: Started): void {
    const end = async () => {
      const { code, exitedAt } = await process.ended();
      const record = () => this.recordExit(id, { exitCode: code }, exitedAt.getTime());
      await this.#turns.run(id, () => this.#context.operation(`end ${this.#table.find(id).name}`, record));
    };
    void end().catch((error) =>
      this.#context.logger.error('container end not recorded', { id, error: messageOf(error) }),
    );
  }

  /** Send a signal, within a turn: the end of the process then is told after it. A frozen process gets it once it goes on. */
  async #signal(container: Container, signal: number): Promise<void> {
    const { id, config, state } = container;
    try {
      await this.#context.containerd.tasks.kill({ containerId: id }, signal);
    } catch (error) {
      // It ended by itself just now; its exit is on the way.
      if (!isNotFound(error)) throw error;
    }
    this.#context.events.emit(containerEvent(container, 'kill', { signal: String(signal) }));
    const meansEnd = signal === SIGKILL || signal === parseSignal(config.stopSignal || SIGTERM);
    if (state.status === 'paused' && meansEnd) await this.#resumeUnlessEnded(id);
  }

  async #resume(id: string): Promise<void> {
    await this.#context.containerd.tasks.resume(id);
    this.#context.events.emit(containerEvent(this.#table.setState(id, { status: 'running' }), 'unpause'));
  }

  /** Some runtimes thaw a frozen process that gets SIGKILL: then it has ended, or is about to. */
  async #resumeUnlessEnded(id: string): Promise<void> {
    try {
      await this.#resume(id);
    } catch (error) {
      const task = await this.#context.containerd.tasks.get({ containerId: id }).catch(() => undefined);
      if (task?.state === 'paused' || task?.state === 'pausing') throw error;
      this.#table.setState(id, { status: 'running' });
    }
  }

  async #settled(id: string): Promise<void> {
    await this.#turns.run(id, () => undefined);
  }

  #warn(message: string, id: string, error: unknown): void {
    this.#context.logger.warn(message, { id, error: messageOf(error) });
  }
}

/** No output may come between the two, so nothing is waited for here. */
function attachment({ process, log }: Started, options: AttachOptions, { config }: Container): Attachment {
  return { live: process.attach(options, config.stdinOnce), mark: log?.mark() };
}

function requireStartable({ state }: Container): void {
  if (state.status === 'running') throw new FairleadError('not-modified', '');
  if (state.status === 'paused')
    throw new FairleadError('conflict', 'cannot start a paused container, try unpause instead');
  if (state.status === 'removing' || state.status === 'dead') {
    throw new FairleadError('conflict', 'container is marked for removal and cannot be started');
  }
}

function mustStop({ name, state }: Container): FairleadError {
  const reason =
    state.status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${state.status}: stop the container before removing or force remove`;
  return new FairleadError('conflict', `cannot remove container "/${name}": ${reason}`);
}

function ignoreNotModified(error: unknown): void {
  if (!(error instanceof FairleadError && error.code === 'not-modified')) throw error;
}

async function insist({ ended }: Killed, what: string): Promise<void> {
  if (await within(ended, KILL_TIMEOUT)) return;
  throw new FairleadError('internal', `${what}: tried to kill container, but did not receive an exit event`);
}

/** @returns whether `promise` resolved within `seconds`; a negative number waits for ever. */
async function within(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  const arrived = promise.then(() => true);
  if (seconds < 0) return await arrived;
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, seconds * 1000, false);
  try {
    return await Promise.race([arrived, late]);
  } finally {
    clearTimeout(timer);
  }
}
