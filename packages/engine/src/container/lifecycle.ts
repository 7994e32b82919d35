import { FairleadError, isNotFound, KeyedMutex, messageOf, settleAll } from '@fairlead/base';
import type { EngineContext } from '../context.ts';
import type { WaitCondition, WaitResult } from '../engine-port.ts';
import type { Container } from '../model.ts';
import { containerEvent } from './container-event.ts';
import type { FileWriter } from './container-files.ts';
import { ignoreMissing, isAlive } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { ExitWatch } from './exit-watch.ts';
import type { RunningProcess } from './running.ts';
import { parseSignal } from './signal.ts';
import { ContainerStart, type Started } from './start.ts';

const SIGKILL = 9;
const SIGTERM = 'SIGTERM';
/** Seconds that a container gets to stop by itself, as Docker gives. */
const STOP_TIMEOUT = 10;
/** Seconds after SIGKILL: by then only a process stuck in the kernel is left. */
const KILL_TIMEOUT = 10;

/**
 * What happens to containers between their creation and their removal. Work on one container is done in turns; the end
 * of its process takes a turn of its own, so whoever waits for that must not hold one.
 */
export class Lifecycle {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;
  readonly #start: ContainerStart;
  readonly #turns = new KeyedMutex();
  readonly #watch = new ExitWatch();
  readonly #running = new Map<string, Started>();
  readonly #outOfMemory = new Set<string>();

  constructor(context: EngineContext, table: ContainerTable, files: FileWriter) {
    this.#context = context;
    this.#table = table;
    this.#files = files;
    this.#start = new ContainerStart(context, table, files);
  }

  /** The streams of a running container. */
  process(id: string): RunningProcess | undefined {
    return this.#running.get(id)?.process;
  }

  /** The log of a running container tells when something was appended. */
  log(id: string): Started['log'] | undefined {
    return this.#running.get(id)?.log;
  }

  /**
   * Streams of a container that is about to start, so that a client that attaches first misses nothing.
   */
  async prepare(container: Container): Promise<RunningProcess> {
    return await this.#turns.run(container.id, async () => {
      const known = this.#running.get(container.id);
      if (known !== undefined) return known.process;
      const prepared = await this.#start.openStreams(container);
      this.#running.set(container.id, prepared);
      return prepared.process;
    });
  }

  /** @throws FairleadError `not-modified` when it runs already; else in Docker's words. Nothing is left of a failed start. */
  async start(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      requireStartable(container);
      const prepared = this.#running.get(id) ?? (await this.#start.openStreams(container));
      this.#running.set(id, prepared);
      try {
        await this.#start.run(container, prepared);
      } catch (error) {
        await this.#failStart(id);
        throw error;
      }
      this.#context.events.emit(containerEvent(container, 'start'));
      this.#followToEnd(id, prepared);
    });
  }

  /** Take up again a container that went on while the daemon was away. */
  adopt(id: string, started: Started): void {
    this.#running.set(id, started);
    this.#followToEnd(id, started);
  }

  /** @throws FairleadError `not-modified` when it does not run. */
  async stop(reference: string, options: { readonly timeout?: number; readonly signal?: string } = {}): Promise<void> {
    const container = this.#table.find(reference);
    if (!isAlive(container)) throw new FairleadError('not-modified', '');
    const signal = parseSignal(options.signal || container.config.stopSignal || SIGTERM);
    const timeout = options.timeout ?? container.config.stopTimeout ?? STOP_TIMEOUT;
    const ended = this.#watch.wait(container.id, 'next-exit');
    if (container.state.status === 'paused') await this.unpause(container.id);
    await this.#signal(container, signal);
    if (!(await within(ended, timeout))) {
      await this.#signal(container, SIGKILL);
      await within(ended, KILL_TIMEOUT);
    }
    await this.#settled(container.id);
    this.#context.events.emit(containerEvent(container, 'stop'));
  }

  /** @throws FairleadError `conflict` when it does not run. */
  async kill(reference: string, signal = 'SIGKILL'): Promise<void> {
    const container = this.#table.find(reference);
    const number = parseSignal(signal || 'SIGKILL');
    if (!isAlive(container)) {
      throw new FairleadError('conflict', `cannot kill container: ${reference}: container ${container.id} is not running`);
    }
    const ended = this.#watch.wait(container.id, 'next-exit');
    await this.#signal(container, number);
    this.#context.events.emit(containerEvent(container, 'kill', { signal: String(number) }));
    if (number === SIGKILL) {
      await within(ended, KILL_TIMEOUT);
      await this.#settled(container.id);
    }
  }

  /** Freeze it. @throws FairleadError `conflict`. */
  async pause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const { state } = this.#table.find(id);
      if (state.status === 'paused') throw new FairleadError('conflict', `Container ${id} is already paused`);
      if (state.status !== 'running') throw new FairleadError('conflict', `Container ${id} is not running`);
      await this.#context.containerd.tasks.pause(id);
      this.#context.events.emit(containerEvent(this.#table.setState(id, { status: 'paused' }), 'pause'));
    });
  }

  /** Let it go on. @throws FairleadError `conflict`. */
  async unpause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const { state } = this.#table.find(id);
      if (state.status !== 'paused') throw new FairleadError('conflict', `Container ${id} is not paused`);
      await this.#context.containerd.tasks.resume(id);
      this.#context.events.emit(containerEvent(this.#table.setState(id, { status: 'running' }), 'unpause'));
    });
  }

  /** @throws FairleadError `conflict` when it runs and `force` is not given. */
  async remove(reference: string, force: boolean): Promise<void> {
    const container = this.#table.find(reference);
    if (isAlive(container)) {
      if (!force) throw mustStop(container);
      const ended = this.#watch.wait(container.id, 'next-exit');
      await this.#signal(container, SIGKILL);
      await within(ended, KILL_TIMEOUT);
    }
    await this.#turns.run(container.id, async () => {
      // It may be gone by now: `--rm`, or somebody else's removal.
      if (this.#table.get(container.id) !== undefined) await this.#erase(this.#table.find(container.id));
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
    const container = this.#table.get(id);
    if (container === undefined) return;
    this.#outOfMemory.add(id);
    this.#context.events.emit(containerEvent(container, 'oom'));
  }

  /** Let go of every stream; the containers go on. */
  release(): void {
    for (const { process } of this.#running.values()) process.release();
  }

  /** Take away what is left of a container's process and record how it ended. */
  async recordExit(id: string, result: WaitResult, finishedAt: number): Promise<void> {
    const oomKilled = this.#outOfMemory.delete(id);
    const container = this.#table.setState(id, {
      status: 'exited',
      pid: 0,
      exitCode: result.exitCode,
      finishedAt,
      oomKilled,
    });
    this.#context.events.emit(containerEvent(container, 'die', { exitCode: String(result.exitCode) }));
    this.#watch.exited(id, result);
    await this.#cleanUp(container);
    if (container.config.host.autoRemove) await this.#erase(this.#table.find(id));
  }

  /** A container that goes by itself when it ends goes too when it never began. */
  async #failStart(id: string): Promise<void> {
    this.#running.delete(id);
    const container = this.#table.find(id);
    if (container.config.host.autoRemove) await this.#erase(container);
  }

  #followToEnd(id: string, { process }: Started): void {
    const end = async () => {
      const { code, exitedAt } = await process.ended();
      const record = () => this.recordExit(id, { exitCode: code }, exitedAt.getTime());
      await this.#turns.run(id, () => this.#context.operation(`end ${this.#table.find(id).name}`, record));
    };
    void end().catch((error) => this.#context.logger.error('container end not recorded', { id, error: messageOf(error) }));
  }

  async #signal({ id }: Container, signal: number): Promise<void> {
    try {
      await this.#context.containerd.tasks.kill({ containerId: id }, signal);
    } catch (error) {
      // It ended by itself just now; its exit is on the way.
      if (!isNotFound(error) && !/process already finished/.test(messageOf(error))) throw error;
    }
  }

  /** Wait until the end of a process has been dealt with. */
  async #settled(id: string): Promise<void> {
    await this.#turns.run(id, () => undefined);
  }

  async #cleanUp(container: Container): Promise<void> {
    const { id } = container;
    const started = this.#running.get(id);
    this.#running.delete(id);
    const steps = [() => this.#start.discardTask(id), () => started?.close(), () => this.#start.leaveSandbox(container)];
    // Deleting the task starts a process and the network needs the kernel: neither has to wait for the other.
    const results = await Promise.allSettled(steps.map(async (step) => await step()));
    for (const result of results) {
      if (result.status === 'rejected') this.#context.logger.warn('clean-up failed', { id, error: messageOf(result.reason) });
    }
  }

  async #erase(container: Container): Promise<void> {
    const { containerd, network, events } = this.#context;
    const { id, state } = container;
    this.#table.setState(id, { status: 'removing' });
    await settleAll([
      () => this.#running.get(id)?.close(),
      () => containerd.snapshots.remove(id).catch(ignoreMissing),
      () => this.#files.remove(id),
    ]);
    this.#running.delete(id);
    network.releaseLeases(id);
    this.#table.delete(id);
    events.emit(containerEvent(container, 'destroy'));
    this.#watch.removed(id, { exitCode: state.exitCode });
  }
}

function requireStartable({ state }: Container): void {
  if (state.status === 'running') throw new FairleadError('not-modified', '');
  if (state.status === 'paused') throw new FairleadError('conflict', 'cannot start a paused container, try unpause instead');
  if (state.status === 'removing') throw new FairleadError('conflict', 'container is marked for removal and cannot be started');
}

function mustStop({ name, state }: Container): FairleadError {
  const advice = state.status === 'paused' ? 'unpause and then stop the container' : 'stop the container';
  const reason = `container is ${state.status}: ${advice} before removing or force remove`;
  return new FairleadError('conflict', `cannot remove container "/${name}": ${reason}`);
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
