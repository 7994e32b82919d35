import { setTimeout as sleep } from 'node:timers/promises';
import { isNotFound, withPrefix } from '@fairlead/base';
import type { TaskProcess } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import { notRunning } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExecStarts } from '../exec/exec-starts.ts';
import type { HealthMonitor } from '../health/health-monitor.ts';
import { notPaused, requirePausable, requirePaused } from './life-rules.ts';
import { parseSignal } from './signal.ts';

export const SIGKILL = 9;
/** What asks a container to end that names no signal of its own. */
export const SIGTERM = 'SIGTERM';
/** Milliseconds that the runtime gets to agree with itself. */
const THAW_MS = 1000;
const LOOK_AGAIN_MS = 20;

/**
 * The container that is to get a signal, and the signal's number.
 *
 * @param signal name or number; SIGKILL when empty.
 * @throws FairleadError `invalid-argument` for what is no signal, `not-found`; in Docker's words.
 */
export function findToKill(
  table: ContainerTable,
  reference: string,
  signal: string,
): { readonly container: Container; readonly number: number } {
  try {
    const number = parseSignal(signal || 'SIGKILL');
    return { container: table.find(reference), number };
  } catch (error) {
    throw withPrefix(`cannot kill container: ${reference}: `, error);
  }
}

/** Signals to a container's process, and its freezing. Whoever calls has the container's turn. */
export class Signalling {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #health: HealthMonitor;
  readonly #starts: ExecStarts;

  constructor(context: EngineContext, table: ContainerTable, health: HealthMonitor, starts: ExecStarts) {
    this.#context = context;
    this.#table = table;
    this.#health = health;
    this.#starts = starts;
  }

  /** Send a signal: the end of the process is told after the turn. A frozen process goes on, and gets it then. */
  async send(container: Container, signal: number): Promise<void> {
    const { id, config, state } = container;
    try {
      await this.#context.containerd.tasks.kill({ containerId: id }, signal);
    } catch (error) {
      // It ended by itself just now; its exit is on the way.
      if (!isNotFound(error)) throw error;
    }
    this.#context.events.emit(containerEvent(container, 'kill', { signal: String(signal) }));
    // Of a container with a stop signal of its own only that one: so does dockerd (daemon/kill.go).
    const thaws = signal === SIGKILL || !config.stopSignal || signal === parseSignal(config.stopSignal);
    if (state.status === 'paused' && thaws) await this.#resumeUnlessEnded(id);
  }

  /** Freeze it. @throws FairleadError `conflict`. */
  async pause(container: Container): Promise<void> {
    const { id } = container;
    requirePausable(container);
    await this.#starts.without(id, async () => {
      await this.#freeze(id);
      this.#table.setState(id, { status: 'paused' });
    });
    this.#health.unwatch(id);
    this.#context.events.emit(containerEvent(this.#table.find(id), 'pause'));
  }

  /** Let it go on. @throws FairleadError `internal`, as in Docker, when it is not paused; `conflict` when it has ended. */
  async unpause(container: Container): Promise<void> {
    requirePaused(container);
    const { id } = container;
    try {
      await this.#resume(id);
    } catch (error) {
      throw unpauseFault(id, await this.#stateOf(id), error);
    }
  }

  /** One that ended by itself just now does not run, although its exit is still on the way. */
  async #freeze(id: string): Promise<void> {
    const { tasks } = this.#context.containerd;
    try {
      await tasks.pause(id);
    } catch (error) {
      const task = await tasks.get({ containerId: id }).catch(() => undefined);
      throw task?.state === 'running' ? withPrefix(`Cannot pause container ${id}: `, error) : notRunning(id);
    }
  }

  async #resume(id: string): Promise<void> {
    await this.#context.containerd.tasks.resume(id);
    this.#context.events.emit(containerEvent(this.#table.setState(id, { status: 'running' }), 'unpause'));
    this.#health.watch(id);
  }

  /**
   * Some runtimes thaw a frozen process that gets SIGKILL: then it has ended, or is about to. For a moment it is not
   * frozen for one part of the runtime and still is for another.
   */
  async #resumeUnlessEnded(id: string): Promise<void> {
    const deadline = performance.now() + THAW_MS;
    for (;;) {
      try {
        return await this.#resume(id);
      } catch (error) {
        if (!isFrozen(await this.#stateOf(id))) return void this.#table.setState(id, { status: 'running' });
        if (performance.now() > deadline) throw error;
        await sleep(LOOK_AGAIN_MS);
      }
    }
  }

  async #stateOf(id: string): Promise<TaskState | undefined> {
    const task = await this.#context.containerd.tasks.get({ containerId: id }).catch(() => undefined);
    return task?.state;
  }
}

type TaskState = TaskProcess['state'];

function isFrozen(state: TaskState | undefined): boolean {
  return state === 'paused' || state === 'pausing';
}

/**
 * Why a container could not go on. It may have ended by itself just now, or somebody else has let it go on.
 *
 * @param state what the runtime takes it for; `undefined` when it knows none.
 * @param error what the runtime said.
 */
export function unpauseFault(id: string, state: TaskState | undefined, error: unknown): unknown {
  if (isFrozen(state)) return withPrefix(`Cannot unpause container ${id}: `, error);
  return state === 'running' ? notPaused(id) : notRunning(id);
}
