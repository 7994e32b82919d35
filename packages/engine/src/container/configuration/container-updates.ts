import { FairleadError, type KeyedMutex, lateModule, withPrefix } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import type { ContainerUpdate } from '../container-port.ts';
import { isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { HostConfig } from './container-config.ts';
import { liveLimits, updatedHost } from './host-update.ts';

const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));
const description = lateModule(() => import('../process/description.ts'));

/** Changes limits and restart policy of containers, running or not. */
export class ContainerUpdates {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #turns: KeyedMutex;

  /** @param turns whose turn it is, by container id. */
  constructor(context: EngineContext, table: ContainerTable, turns: KeyedMutex) {
    this.#context = context;
    this.#table = table;
    this.#turns = turns;
  }

  /** @throws FairleadError in Docker's words; nothing is changed then. */
  async update(reference: string, change: ContainerUpdate): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      try {
        await this.#apply(container, change, updatedHost(updatable(container), change));
      } catch (error) {
        throw withPrefix(`Cannot update container ${id}: `, error);
      }
      this.#context.events.emit(containerEvent(this.#table.find(id), 'update'));
    });
  }

  async #apply({ id, state, config }: Container, change: ContainerUpdate, host: HostConfig): Promise<void> {
    this.#setHost(id, host);
    if (!isAlive({ state }) || Object.keys(change.limits).length === 0) return;
    try {
      const { pids } = change.limits;
      const { runtimeLimits } = await description();
      const { linuxResources } = await runtimeSpec();
      const limits = runtimeLimits(liveLimits(change.limits, host));
      const resources = linuxResources({ ...limits, ...(pids !== undefined && { pids }) });
      await this.#context.containerd.tasks.update(id, resources);
    } catch (error) {
      const task = await this.#context.containerd.tasks.get({ containerId: id }).catch(() => undefined);
      // It ended by itself just now: then the next start uses the limits.
      if (task?.state !== 'running' && task?.state !== 'paused') return;
      this.#setHost(id, config.host);
      throw error;
    }
  }

  #setHost(id: string, host: HostConfig): void {
    const container = this.#table.find(id);
    this.#table.put({ ...container, config: { ...container.config, host } });
  }
}

/** @throws FairleadError `internal` for one that is on its way out. */
function updatable({ state, config }: Container): HostConfig {
  if (state.status !== 'removing' && state.status !== 'dead') return config.host;
  throw new FairleadError('internal', 'container is marked for removal and cannot be "update"');
}
