import { type Logger, lateModule, messageOf } from '@fairlead/base';
import type { NetworkController, PortBinding } from '@fairlead/network';
import type { Containerd } from '@fairlead/runtime';
import type { Container } from '../../model.ts';
import { isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { endpointOf, isOn } from '../network/attachment.ts';
import type { ResourceLimits } from './container-config.ts';
import { liveLimits } from './host-update.ts';
import type { Consequence, NotedChange } from './noted-change.ts';

const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));
const description = lateModule(() => import('../process/description.ts'));

/** What {@link NotedChanges} works with. */
export interface NotedChangesParts {
  readonly network: NetworkController;
  readonly table: ContainerTable;
  /** Absent where nothing runs. */
  readonly tasks?: Pick<Containerd['tasks'], 'update' | 'get'>;
  /** Tells a running container in its files which networks it is on. */
  readonly rewriteFiles: (id: string) => void;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Changes of containers that others follow from: kernel, name service and control groups. Each is noted before it is carried
 * out, so that an engine that is killed meanwhile leaves it to the next one. Whoever calls has the container's turn.
 */
export class NotedChanges {
  readonly #network: NetworkController;
  readonly #table: ContainerTable;
  readonly #tasks: NotedChangesParts['tasks'];
  readonly #rewriteFiles: NotedChangesParts['rewriteFiles'];
  readonly #logger: Pick<Logger, 'warn'>;

  constructor({ network, table, tasks, rewriteFiles, logger }: NotedChangesParts) {
    this.#network = network;
    this.#table = table;
    this.#tasks = tasks;
    this.#rewriteFiles = rewriteFiles;
    this.#logger = logger;
  }

  /**
   * Change a container, and what follows from it.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError what the consequence was refused with; the container is as it was then.
   */
  async make(
    container: Container,
    change: Partial<Pick<Container, 'name' | 'config'>>,
    consequence: Consequence,
    signal?: AbortSignal,
  ): Promise<void> {
    const { id, name, config } = container;
    const noted: NotedChange = { ...consequence, before: { name, config } };
    this.#table.put({ ...container, ...change, noted });
    try {
      await this.#carryOut(id, noted, signal);
    } catch (error) {
      this.#takeBack(id, noted);
      throw error;
    }
    this.#table.put(withoutNote(this.#table.find(id)));
  }

  /** Go on with what an engine noted that was killed; what is refused now is taken back, and that is logged. */
  async finish({ id, noted }: Container): Promise<void> {
    if (noted === undefined) return;
    try {
      await this.#carryOut(id, noted);
      this.#table.put(withoutNote(this.#table.find(id)));
    } catch (error) {
      this.#logger.warn('change taken back', { id, change: noted.kind, error: messageOf(error) });
      this.#takeBack(id, noted);
    }
  }

  #takeBack(id: string, { before }: NotedChange): void {
    const now = withoutNote(this.#table.find(id));
    // Its former name may be somebody else's by now.
    const name = this.#table.hasName(before.name) ? now.name : before.name;
    this.#table.put({ ...now, name, config: before.config });
  }

  async #carryOut(id: string, noted: NotedChange, signal?: AbortSignal): Promise<void> {
    const container = this.#table.find(id);
    if (noted.kind === 'name') return await this.#rename(container);
    if (noted.kind === 'network left') return await this.#leave(container, noted.network, signal);
    // What does not run has it with its next start.
    if (!isAlive(container)) return;
    if (noted.kind === 'ports') return await this.#publish(container, noted.added, signal);
    if (noted.kind === 'rates') return await this.#setRates(container, noted.network);
    await this.#limit(container, noted.limits);
  }

  /** A sandbox that others share outlives the end of its own container. */
  async #rename({ id, name, sandbox }: Container): Promise<void> {
    if (sandbox !== undefined && this.#network.sandbox(sandbox)?.owner === id) {
      await this.#network.renameSandbox(sandbox, name);
    }
  }

  async #publish({ sandbox, config }: Container, added: readonly PortBinding[], signal?: AbortSignal): Promise<void> {
    if (sandbox === undefined) return;
    await this.#network.publish(sandbox, [...config.host.portBindings, ...added], signal);
  }

  async #leave(container: Container, id: string, signal?: AbortSignal): Promise<void> {
    const endpoint = endpointOf(this.#network, container, { id });
    if (endpoint === undefined) this.#network.releaseLease(id, container.id);
    else await this.#network.leave(endpoint, signal);
    this.#rewriteFiles(container.id);
  }

  async #setRates(container: Container, id: string): Promise<void> {
    const network = this.#network.findNetwork(id);
    const endpoint = endpointOf(this.#network, container, network);
    const attachment = container.config.networks.find((item) => isOn(this.#network, item, network));
    if (endpoint === undefined || attachment === undefined) return;
    const { driverOptions } = attachment.config;
    await this.#network.configure(endpoint, { ...endpoint.config, ...(driverOptions && { driverOptions }) });
  }

  async #limit({ id, config }: Container, change: ResourceLimits): Promise<void> {
    const tasks = this.#tasks;
    if (tasks === undefined) return;
    try {
      const { pids } = change;
      const { runtimeLimits } = await description();
      const { linuxResources } = await runtimeSpec();
      const limits = runtimeLimits(liveLimits(change, config.host));
      await tasks.update(id, linuxResources({ ...limits, ...(pids !== undefined && { pids }) }));
    } catch (error) {
      const task = await tasks.get({ containerId: id }).catch(() => undefined);
      // It ended by itself just now: then the next start uses the limits.
      if (task?.state === 'running' || task?.state === 'paused') throw error;
    }
  }
}

function withoutNote({ noted: _, ...container }: Container): Container {
  return container;
}
