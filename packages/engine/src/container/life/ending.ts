import { messageOf, settleAll } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { Container, ContainerState } from '../../model.ts';
import type { ContainerVolumes } from '../../volume/container-volumes.ts';
import { containerEvent } from '../container-event.ts';
import type { WaitResult } from '../container-port.ts';
import { ignoreMissing, isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExecTable } from '../exec/exec-table.ts';
import type { FileWriter } from '../file/container-files.ts';
import type { HealthMonitor } from '../health/health-monitor.ts';
import type { Started } from '../process/container-streams.ts';
import type { ExitWatch } from './exit-watch.ts';
import type { ContainerStart } from './start.ts';

/** Exit code of a process that SIGKILL has ended. */
const KILLED = 137;

/** What {@link ContainerEnd} works with. */
export interface EndingParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly files: FileWriter;
  readonly start: ContainerStart;
  readonly execs: ExecTable;
  readonly volumes: ContainerVolumes;
  readonly watch: ExitWatch;
  readonly health: HealthMonitor;
  /** Streams of the containers that run, or that clients have attached to before their start; by id. */
  readonly running: Map<string, Started>;
}

/** How a container's process ends and how a container goes. Whoever calls has the container's turn. */
export class ContainerEnd {
  readonly #parts: EndingParts;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** The kernel killed a process of a container for want of memory. */
  noteOutOfMemory(id: string): void {
    const { context, table } = this.#parts;
    const container = table.get(id);
    if (container === undefined) return;
    // Its end has told so already: the runtime's event comes by another way, and may come later.
    if (container.state.oomKilled && !isAlive(container)) return;
    context.events.emit(containerEvent(table.setState(id, { oomKilled: true }), 'oom'));
  }

  /**
   * Record how a process ended and take away what is left of it. Who waits for the end is told when the network is free
   * again.
   *
   * @param next what the container is at from now on.
   * @returns the rest of the clean-up, which nobody has to wait for: it never fails.
   */
  async record(
    id: string,
    result: WaitResult,
    finishedAt: number,
    next: Partial<ContainerState>,
  ): Promise<{ readonly cleanUp: Promise<void> }> {
    const { context, table, watch, health, execs } = this.#parts;
    health.unwatch(id);
    execs.forgetUnstarted(id);
    await this.#attempt(id, () => this.#lookForOutOfMemory(id, result));
    const container = table.setState(id, { ...next, pid: 0, exitCode: result.exitCode, finishedAt });
    const seconds = Math.max(0, Math.floor((finishedAt - (container.state.startedAt ?? finishedAt)) / 1000));
    const attributes = { exitCode: String(result.exitCode), execDuration: String(seconds) };
    context.events.emit(containerEvent(container, 'die', attributes));
    const cleanUp = this.#cleanUp(container);
    await this.#attempt(id, () => this.#parts.start.leaveSandbox(container));
    await this.#attempt(id, () => this.#parts.volumes.release(container));
    await this.#attempt(id, () => this.#parts.start.sharedMemory.close(id));
    watch.exited(id, result);
    return { cleanUp };
  }

  /**
   * Remove everything of a container. When something cannot be removed, it is `dead` and can be removed again.
   *
   * @param removesVolumes its anonymous volumes go too, unless others have them.
   */
  async erase(container: Container, removesVolumes: boolean): Promise<void> {
    const { table } = this.#parts;
    const { id } = container;
    table.setState(id, { status: 'removing', removesVolumes });
    try {
      await this.#removeParts(container);
    } catch (error) {
      table.setState(id, { status: 'dead', error: messageOf(error) });
      throw error;
    }
    await this.#forget(container, removesVolumes);
  }

  /**
   * Remove a container that was to go when it ends. To everybody else it is gone at once, for its name, its ports and
   * its addresses are free; a crash before the rest has gone leaves what {@link Recovery} takes away.
   */
  async vanish(container: Container, cleanUp: Promise<void>): Promise<void> {
    const forgotten = this.#forget(container, true);
    await cleanUp;
    await forgotten;
    await this.#attempt(container.id, () => this.#removeParts(container));
  }

  /** The kernel's own count says so where no event has, or not yet; it goes with the task. */
  async #lookForOutOfMemory(id: string, { exitCode }: WaitResult): Promise<void> {
    const { context, table } = this.#parts;
    const { memory: limit = 0 } = table.find(id).config.host.limits;
    // Asking takes two milliseconds: only where memory may have been the reason.
    if (limit === 0 && exitCode !== KILLED) return;
    const metrics = await context.containerd.tasks.metrics(id).catch(ignoreMissing);
    if (metrics && metrics.memory.killed > 0 && !table.find(id).state.oomKilled) this.noteOutOfMemory(id);
  }

  /** To everybody else it is gone when this returns; the promise is for the content of its volumes. */
  #forget(container: Container, removesVolumes: boolean): Promise<void> {
    const { context, table, volumes, watch, execs } = this.#parts;
    const { id, sandbox } = container;
    const gone = context.store.transaction(() => {
      table.delete(id);
      // Those who share its sandbox go on with its addresses.
      if (sandbox === undefined || context.network.sandbox(sandbox)?.owner !== id) context.network.releaseLeases(id);
      return removesVolumes ? volumes.markRemoved(container) : [];
    });
    execs.forget(id);
    const rest = this.#attempt(id, () => volumes.remove(container, gone));
    context.events.emit(containerEvent(container, 'destroy'));
    watch.removed(id, { exitCode: container.state.exitCode });
    return rest;
  }

  async #removeParts(container: Container): Promise<void> {
    const { context, files, running } = this.#parts;
    const { id } = container;
    await settleAll([
      () => this.#unpublish(container),
      () => running.get(id)?.close(),
      () => context.containerd.snapshots.remove(id).catch(ignoreMissing),
      () => files.remove(id),
    ]);
    running.delete(id);
  }

  /** Those who share its sandbox go on in it; its ports were its own. */
  async #unpublish({ id, sandbox }: Container): Promise<void> {
    const { network } = this.#parts.context;
    const left = sandbox === undefined ? undefined : network.sandbox(sandbox);
    if (left?.owner === id && left.ports.length > 0) await network.publish(left.id, []);
  }

  /** Deleting the task starts a process: meanwhile the network goes. */
  async #cleanUp({ id }: Container): Promise<void> {
    const { running, start } = this.#parts;
    const started = running.get(id);
    running.delete(id);
    await Promise.all([this.#attempt(id, () => start.tasks.discard(id)), this.#attempt(id, () => started?.close())]);
  }

  async #attempt(id: string, step: () => unknown): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#parts.context.logger.warn('container end incomplete', { id, error: messageOf(error) });
    }
  }
}
