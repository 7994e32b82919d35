import { FairleadError, type KeyedMutex, withPrefix } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import type { ContainerUpdate } from '../container-port.ts';
import type { ContainerTable } from '../container-table.ts';
import type { HostConfig, ResourceLimits } from './container-config.ts';
import { updatedHost } from './host-update.ts';
import type { NotedChanges } from './noted-changes.ts';

/** What {@link ContainerUpdates} works with. */
export interface ContainerUpdatesParts {
  readonly context: Pick<EngineContext, 'events'>;
  readonly table: ContainerTable;
  /** Whose turn it is, by container id. */
  readonly turns: KeyedMutex;
  readonly changes: NotedChanges;
}

/** Changes limits and restart policy of containers, running or not. */
export class ContainerUpdates {
  readonly #context: ContainerUpdatesParts['context'];
  readonly #table: ContainerTable;
  readonly #turns: KeyedMutex;
  readonly #changes: NotedChanges;

  constructor({ context, table, turns, changes }: ContainerUpdatesParts) {
    this.#context = context;
    this.#table = table;
    this.#turns = turns;
    this.#changes = changes;
  }

  /** @throws FairleadError in Docker's words; nothing is changed then. */
  async update(reference: string, change: ContainerUpdate): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, async () => {
      const container = this.#table.find(id);
      try {
        await this.#apply(container, change.limits, updatedHost(updatable(container), change));
      } catch (error) {
        throw withPrefix(`Cannot update container ${id}: `, error);
      }
      this.#context.events.emit(containerEvent(this.#table.find(id), 'update'));
    });
  }

  async #apply(container: Container, limits: ResourceLimits, host: HostConfig): Promise<void> {
    const config = { ...container.config, host };
    if (Object.keys(limits).length === 0) this.#table.put({ ...container, config });
    else await this.#changes.make(container, { config }, { kind: 'limits', limits });
  }
}

/** @throws FairleadError `internal` for one that is on its way out. */
function updatable({ state, config }: Container): HostConfig {
  if (state.status !== 'removing' && state.status !== 'dead') return config.host;
  throw new FairleadError('internal', 'container is marked for removal and cannot be "update"');
}
