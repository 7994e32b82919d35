import { messageOf, settleAll } from '@fairlead/base';
import type { EngineContext } from '../context.ts';
import type { WaitResult } from '../engine-port.ts';
import type { Container } from '../model.ts';
import { containerEvent } from './container-event.ts';
import type { FileWriter } from './container-files.ts';
import { ignoreMissing } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import type { ExecTable } from './exec-table.ts';
import type { ExitWatch } from './exit-watch.ts';
import type { ContainerStart, Started } from './start.ts';

/** What {@link ContainerEnd} works with. */
export interface EndingParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly files: FileWriter;
  readonly start: ContainerStart;
  readonly execs: ExecTable;
  readonly watch: ExitWatch;
  /** Streams of the containers that run, or that clients have attached to before their start; by id. */
  readonly running: Map<string, Started>;
}

/** How a container's process ends and how a container goes. Whoever calls has the container's turn. */
export class ContainerEnd {
  readonly #parts: EndingParts;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /**
   * Record how a process ended and take away what is left of it. Who waits for the end is told when the network is free
   * again.
   */
  async record(id: string, result: WaitResult, finishedAt: number): Promise<void> {
    const { context, table, watch } = this.#parts;
    const container = table.setState(id, { status: 'exited', pid: 0, exitCode: result.exitCode, finishedAt });
    const seconds = Math.max(0, Math.floor((finishedAt - (container.state.startedAt ?? finishedAt)) / 1000));
    const attributes = { exitCode: String(result.exitCode), execDuration: String(seconds) };
    context.events.emit(containerEvent(container, 'die', attributes));
    await this.#cleanUp(container, () => watch.exited(id, result));
  }

  /** Remove everything of a container. When something cannot be removed, it is `dead` and can be removed again. */
  async erase(container: Container): Promise<void> {
    const { context, table, watch, execs } = this.#parts;
    const { id, sandbox } = container;
    table.setState(id, { status: 'removing' });
    try {
      await this.#removeParts(id);
    } catch (error) {
      table.setState(id, { status: 'dead', error: messageOf(error) });
      throw error;
    }
    context.store.transaction(() => {
      table.delete(id);
      // Those who share its sandbox go on with its addresses.
      if (sandbox === undefined || context.network.sandbox(sandbox)?.owner !== id) context.network.releaseLeases(id);
    });
    execs.forget(id);
    context.events.emit(containerEvent(container, 'destroy'));
    watch.removed(id, { exitCode: container.state.exitCode });
  }

  async #removeParts(id: string): Promise<void> {
    const { context, files, running } = this.#parts;
    await settleAll([
      () => running.get(id)?.close(),
      () => context.containerd.snapshots.remove(id).catch(ignoreMissing),
      () => files.remove(id),
    ]);
    running.delete(id);
  }

  /** Deleting the task starts a process and the network needs the kernel: neither has to wait for the other. */
  async #cleanUp(container: Container, whenNetworkIsFree: () => void): Promise<void> {
    const { context, running, start } = this.#parts;
    const { id } = container;
    const started = running.get(id);
    running.delete(id);
    const attempt = async (step: () => unknown) => {
      try {
        await step();
      } catch (error) {
        context.logger.warn('clean-up failed', { id, error: messageOf(error) });
      }
    };
    const rest = [attempt(() => start.discardTask(id)), attempt(() => started?.close())];
    await attempt(() => start.leaveSandbox(container));
    whenNetworkIsFree();
    await Promise.all(rest);
  }
}
