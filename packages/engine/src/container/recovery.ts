import { messageOf } from '@fairlead/base';
import type { TaskProcess } from '@fairlead/runtime';
import type { EngineContext } from '../context.ts';
import type { Container } from '../model.ts';
import { ignoreMissing, isAlive } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import type { Lifecycle } from './lifecycle.ts';
import { ContainerStart } from './start.ts';
import type { FileWriter } from './container-files.ts';

/** What Docker records for a container whose end nobody saw. */
const UNKNOWN_EXIT = 255;

/**
 * Brings containers and what is said of them together again after a restart of the daemon, of containerd, or of the
 * machine: what runs is taken up, what ended meanwhile is recorded, what was being started or removed is undone or
 * finished.
 */
export class Recovery {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;

  constructor(context: EngineContext, table: ContainerTable, files: FileWriter) {
    this.#context = context;
    this.#table = table;
    this.#files = files;
  }

  /** Ids of the containers whose process lives, as containerd says. */
  async liveTasks(): Promise<ReadonlyMap<string, TaskProcess>> {
    const tasks = await this.#context.containerd.tasks.list();
    return new Map(tasks.map((task) => [task.containerId, task]));
  }

  /** Go through all containers; the network has been reconciled before. */
  async run(tasks: ReadonlyMap<string, TaskProcess>, lifecycle: Lifecycle): Promise<void> {
    const work = [...this.#table].map(async (container) => {
      try {
        await this.#recover(container, tasks.get(container.id), lifecycle);
      } catch (error) {
        this.#context.logger.error('container not recovered', { id: container.id, error: messageOf(error) });
      }
    });
    await Promise.all(work);
    await this.#dropStrangers(tasks);
  }

  async #recover(container: Container, task: TaskProcess | undefined, lifecycle: Lifecycle): Promise<void> {
    if (container.state.status === 'removing') return await lifecycle.remove(container.id, true);
    if (isAlive(container) && task !== undefined && task.state !== 'stopped') return await this.#adopt(container, task, lifecycle);
    if (isAlive(container)) {
      const finished = task?.exit?.exitedAt.getTime() ?? Date.now();
      if (task !== undefined) await this.#readRest(container);
      return await lifecycle.recordExit(container.id, { exitCode: task?.exit?.code ?? UNKNOWN_EXIT }, finished);
    }
    // A start that was interrupted: the process never ran as far as anybody was told.
    if (task !== undefined) await this.#destroy(container.id);
  }

  async #adopt(container: Container, task: TaskProcess, lifecycle: Lifecycle): Promise<void> {
    const started = await new ContainerStart(this.#context, this.#table, this.#files).reopenStreams(container);
    await started.process.started();
    const status = task.state === 'paused' || task.state === 'pausing' ? 'paused' : 'running';
    this.#table.setState(container.id, { status, pid: task.pid });
    lifecycle.adopt(container.id, started);
  }

  /** What a container wrote before it ended is still in its pipes: the process beside us held them open. */
  async #readRest(container: Container): Promise<void> {
    try {
      const started = await new ContainerStart(this.#context, this.#table, this.#files).reopenStreams(container);
      await started.process.drain();
      await started.close();
    } catch (error) {
      this.#context.logger.warn('last output lost', { id: container.id, error: messageOf(error) });
    }
  }

  async #destroy(id: string): Promise<void> {
    const { tasks, containers } = this.#context.containerd;
    await tasks.kill({ containerId: id }, 9, { all: true }).catch(ignoreMissing);
    await tasks.wait({ containerId: id }).catch(ignoreMissing);
    await tasks.delete({ containerId: id }).catch(ignoreMissing);
    await containers.delete(id).catch(ignoreMissing);
  }

  /** Tasks, records and layers that belong to no container: left by a removal or a creation that was cut off. */
  async #dropStrangers(tasks: ReadonlyMap<string, TaskProcess>): Promise<void> {
    const { containers, snapshots } = this.#context.containerd;
    for (const id of tasks.keys()) if (this.#table.get(id) === undefined) await this.#destroy(id);
    for (const { id } of await containers.list()) {
      const container = this.#table.get(id);
      if (container === undefined || !isAlive(container)) await containers.delete(id).catch(ignoreMissing);
    }
    for (const { key, kind } of await snapshots.list()) {
      const orphan = kind === 'active' && /^[0-9a-f]{64}$/.test(key) && this.#table.get(key) === undefined;
      if (orphan) await snapshots.remove(key).catch(ignoreMissing);
    }
  }
}
