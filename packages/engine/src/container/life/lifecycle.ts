import { FairleadError, KeyedMutex, messageOf } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { Container, ContainerState } from '../../model.ts';
import type { ContainerVolumes } from '../../volume/container-volumes.ts';
import { containerEvent } from '../container-event.ts';
import type { StopOptions, WaitCondition, WaitResult } from '../container-port.ts';
import { isUp } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExecTable } from '../exec/exec-table.ts';
import type { FileWriter } from '../file/container-files.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import type { Started } from '../process/container-streams.ts';
import { Restarts } from '../restart/restarts.ts';
import { Attachments } from './attachments.ts';
import { ContainerEnd } from './ending.ts';
import { ExitWatch } from './exit-watch.ts';
import { requireStartable } from './life-rules.ts';
import type { ContainerTurns } from './patience.ts';
import { Signalling } from './signalling.ts';
import type { ContainerStart } from './start.ts';
import { Termination } from './termination.ts';

/** What {@link Lifecycle} works with. */
export interface LifecycleParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly files: FileWriter;
  readonly start: ContainerStart;
  readonly execs: ExecTable;
  readonly volumes: ContainerVolumes;
  readonly turns: ContainerTurns;
}

/**
 * What happens to containers between their creation and their removal. Work on one container is done in turns; the end
 * of its process takes a turn of its own, so whoever waits for that must not hold one.
 */
export class Lifecycle {
  readonly attachments: Attachments;
  readonly termination: Termination;
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #start: ContainerStart;
  readonly #end: ContainerEnd;
  readonly #turns: ContainerTurns;
  readonly #restartTurns = new KeyedMutex();
  readonly #restarting = new Set<string>();
  readonly #watch = new ExitWatch();
  readonly #running = new Map<string, Started>();
  readonly #signals: Signalling;
  readonly #restarts: Restarts;
  readonly #health: HealthMonitor;

  constructor({ context, table, files, start, execs, volumes, turns }: LifecycleParts) {
    const [watch, running] = [this.#watch, this.#running];
    this.#context = context;
    this.#table = table;
    this.#start = start;
    this.#turns = turns;
    const health = new HealthMonitor(context, table, execs);
    this.#health = health;
    this.#end = new ContainerEnd({ context, table, files, start, execs, volumes, watch, health, running });
    this.#signals = new Signalling(context, table, health, execs.starts);
    this.#restarts = new Restarts({ table, watch, startAgain: (id) => this.#startAgain(id) });
    const [end, signals, restarts] = [this.#end, this.#signals, this.#restarts];
    this.termination = new Termination({ context, table, turns, watch, end, signals, restarts });
    this.attachments = new Attachments({ context, table, start, turns, running });
  }

  /** @throws FairleadError `not-modified` when it runs already; else in Docker's words. Nothing is left of a failed start. */
  async start(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      requireStartable(container);
      this.#restarts.begin(container);
      await this.#begin(this.#table.find(id));
    });
  }

  /** Take up again a container that went on while the daemon was away. */
  adopt(id: string, started: Started): void {
    this.#running.set(id, started);
    this.#followToEnd(id, started);
    if (this.#table.find(id).state.status === 'running') this.#health.watch(id);
  }

  /** Stop it when it runs, and start it. What removes itself when it ends stays this time. */
  async restart(reference: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#restartTurns.run(id, async () => {
      this.#restarting.add(id);
      try {
        await this.termination.stop(id, options).catch(ignoreNotModified);
        await this.start(id).catch(ignoreNotModified);
      } finally {
        this.#restarting.delete(id);
      }
      this.#context.events.emit(containerEvent(this.#table.find(id), 'restart'));
    });
  }

  /** Freeze it. @throws FairleadError `conflict`. */
  async pause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, () => this.#signals.pause(this.#table.find(id)));
  }

  /** Let it go on. @throws FairleadError `internal`, as in Docker, when it is not paused. */
  async unpause(reference: string): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, () => this.#signals.unpause(this.#table.find(id)));
  }

  /** Arm a wait; it has begun when this returns. */
  wait(reference: string, condition: WaitCondition): Promise<WaitResult> {
    const container = this.#table.find(reference);
    const { state } = container;
    if (condition === 'not-running' && !isUp(container)) return Promise.resolve({ exitCode: state.exitCode });
    return this.#watch.wait(container.id, condition);
  }

  /** The kernel killed a process of this container for want of memory. */
  noteOutOfMemory(id: string): void {
    this.#end.noteOutOfMemory(id);
  }

  /** From now on containers that end are started again as their policies want. */
  allowRestarts(): void {
    this.#restarts.open();
  }

  /** Who waits for a restart waits for the next daemon. Resolves when those that were under way are over. */
  async forbidRestarts(): Promise<void> {
    await this.#restarts[Symbol.asyncDispose]();
  }

  /** Start a container that waits for its restart when its time has come. Resolves when that was tried. */
  async resume(container: Container): Promise<void> {
    await this.#restarts.arm(container);
  }

  /** Let go of every stream, and write down what came out of them; the containers go on. */
  async release(): Promise<void> {
    this.#health.release();
    const running = [...this.#running.values()];
    for (const { process } of running) process.release();
    await Promise.all(running.map((started) => started.closeLog()));
  }

  /** Record how a container ended; it goes altogether, or waits for its restart, when that was asked for. */
  async recordExit(id: string, result: WaitResult, finishedAt: number): Promise<void> {
    await this.#recordEnd(
      id,
      result,
      finishedAt,
      this.#restarts.next(this.#table.find(id), result.exitCode, finishedAt),
    );
  }

  /** Record that a container's process was lost with the machine that it ran on. */
  async recordLoss(id: string, result: WaitResult): Promise<void> {
    await this.#recordEnd(id, result, Date.now(), { status: 'exited' });
  }

  async #recordEnd(id: string, result: WaitResult, finishedAt: number, next: Partial<ContainerState>): Promise<void> {
    const { cleanUp } = await this.#end.record(id, result, finishedAt, next);
    const container = this.#table.find(id);
    if (this.#removesItself(container)) {
      // Who stops it tells so afterwards, when it is there no more.
      if (this.termination.isStopping(id)) this.#context.events.emit(containerEvent(container, 'stop'));
      return await this.#end.vanish(container, cleanUp);
    }
    await cleanUp;
    void this.#restarts.arm(this.#table.find(id));
  }

  /** Within a turn: start the process and follow it to its end. Nothing is left of what fails. */
  async #begin(container: Container): Promise<void> {
    const { id } = container;
    try {
      const prepared = this.#running.get(id) ?? (await this.#start.streams.open(container));
      this.#running.set(id, prepared);
      await this.#turns.patiently(id, {}, (signal) => this.#start.run(container, prepared, signal));
      this.#health.begin(id);
      this.#context.events.emit(containerEvent(this.#table.find(id), 'start'));
      this.#followToEnd(id, prepared);
    } catch (error) {
      await this.#failStart(id);
      throw error;
    }
  }

  /** Its time has come. One that cannot be started is not tried again, as in Docker. */
  async #startAgain(id: string): Promise<void> {
    await this.#turns.run(id, async () => {
      const container = this.#table.get(id);
      if (container?.state.status !== 'restarting') return;
      try {
        await this.#begin(container);
      } catch (error) {
        this.#warn('container not restarted', id, error);
        this.#restarts.giveUp(container);
      }
    });
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

  #followToEnd(id: string, { process }: Started): void {
    const end = async () => {
      const { code, exitedAt } = await process.ended();
      this.#turns.giveUp(id);
      const record = () => this.recordExit(id, { exitCode: code }, exitedAt.getTime());
      await this.#turns.run(id, () => this.#context.operation(`end ${this.#table.find(id).name}`, record));
    };
    void end().catch((error) =>
      this.#context.logger.error('container end not recorded', { id, error: messageOf(error) }),
    );
  }

  #warn(message: string, id: string, error: unknown): void {
    this.#context.logger.warn(message, { id, error: messageOf(error) });
  }
}

function ignoreNotModified(error: unknown): void {
  if (!(error instanceof FairleadError && error.code === 'not-modified')) throw error;
}
