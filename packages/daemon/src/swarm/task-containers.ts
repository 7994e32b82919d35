import { parseRegistryAuth, taskContainer } from '@fairlead/api';
import { codeOf, FairleadError, isNotFound } from '@fairlead/base';
import type { Container, ContainerTable, Engine } from '@fairlead/engine';
import type { Task, TaskContainer, TaskOrder, TaskRuntime } from '@fairlead/swarm';
import type { SwarmNetworks } from './service-networks.ts';
import type { TaskFiles } from './task-files.ts';

/** Tasks as ordinary containers of the engine. */
export class TaskContainers implements TaskRuntime {
  readonly #engine: () => Engine;
  readonly #table: ContainerTable;
  readonly #files: TaskFiles;
  readonly #networks: SwarmNetworks;

  constructor(engine: () => Engine, table: ContainerTable, files: TaskFiles, networks: SwarmNetworks) {
    this.#networks = networks;
    this.#engine = engine;
    this.#table = table;
    this.#files = files;
  }

  look({ status }: Task, name: string): TaskContainer | undefined {
    const container = this.#table.get(status.containerId ?? '') ?? this.#byName(name);
    if (container === undefined) return undefined;
    const { pid, exitCode, error, health } = container.state;
    return {
      ...{ id: container.id, state: stateOf(container), pid, exitCode, error },
      ...(health !== undefined && { health: health.status }),
      reached: () => this.#networks.reached(container),
    };
  }

  async prepare(order: TaskOrder): Promise<string> {
    const { containers } = this.#engine();
    await this.#requireImage(order);
    try {
      const files = await this.#files.write(order.task.id, order.files);
      const { id } = await containers.create(taskContainer(order, files));
      return id;
    } catch (error) {
      this.#files.drop(order.task.id);
      throw error;
    }
  }

  async start(container: string): Promise<void> {
    await this.#engine().containers.start(container);
  }

  async stop(container: string): Promise<void> {
    try {
      await ignoreMissing(this.#engine().containers.stop(container));
    } catch (error) {
      // One that has not been started, or has ended by itself meanwhile.
      if (codeOf(error) !== 'not-modified') throw error;
    }
  }

  async remove({ id }: Task, container: string): Promise<void> {
    await ignoreMissing(this.#engine().containers.remove(container, { force: true, volumes: true }));
    this.#files.drop(id);
  }

  #byName(name: string): Container | undefined {
    try {
      return this.#table.find(`/${name}`);
    } catch {
      return undefined;
    }
  }

  /** An image that is here is taken as it is when no registry answers, as by dockerd. */
  async #requireImage({ spec, service }: TaskOrder): Promise<void> {
    const { images } = this.#engine();
    const { image = '' } = spec.containerSpec ?? {};
    const isHere = await images.inspect(image).then(
      () => true,
      () => false,
    );
    if (isHere) return;
    const auth = parseRegistryAuth(service.registryAuth);
    try {
      for await (const { error } of images.pull(image, auth === undefined ? {} : { auth })) {
        if (error !== undefined) throw new Error(error);
      }
    } catch (error) {
      throw new FairleadError('not-found', `No such image: ${image}`, { cause: error });
    }
  }
}

function stateOf({ state }: Container): TaskContainer['state'] {
  if (state.status === 'created') return state.error === '' ? 'created' : 'ended';
  return ['running', 'paused', 'restarting'].includes(state.status) ? 'running' : 'ended';
}

async function ignoreMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
