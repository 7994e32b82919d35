import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNotFound } from '@fairlead/base';
import { isAlive } from '../container/container-state.ts';
import type { ContainerTable } from '../container/container-table.ts';
import type { EngineContext } from '../context.ts';
import type { Container } from '../model.ts';
import { linkTraffic } from './link-traffic.ts';
import { parseProcessorTime } from './processor-time.ts';
import type { ContainerStatistics, LinkCounters, StatisticsOptions, StatisticsSample } from './statistics-port.ts';

/** Milliseconds between two samples, as in Docker. */
const interval = 1000;

/** What containers use, as the API asks for it. */
export class Statistics {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;

  constructor(context: EngineContext, table: ContainerTable) {
    this.#context = context;
    this.#table = table;
  }

  /** What a container uses from now on; nothing more once it is gone. */
  read(id: string, options: StatisticsOptions): AsyncIterable<ContainerStatistics> {
    return options.stream ? this.#follow(id, options.signal) : this.#once(id, options);
  }

  /** Without a sample before, rates would be those since the container was started. */
  async *#once(id: string, { oneShot, signal }: StatisticsOptions): AsyncGenerator<ContainerStatistics> {
    const previous = oneShot ? undefined : await this.#sample(id);
    if (previous !== undefined) await pause(signal);
    const container = this.#table.get(id);
    if (container !== undefined) yield answer(container, await this.#sample(id), previous);
  }

  async *#follow(id: string, signal: AbortSignal): AsyncGenerator<ContainerStatistics> {
    let previous: StatisticsSample | undefined;
    for (let container = this.#table.get(id); container && !signal.aborted; container = this.#table.get(id)) {
      const current = await this.#sample(id);
      yield answer(container, current, previous);
      previous = current;
      await pause(signal);
    }
  }

  async #sample(id: string): Promise<StatisticsSample | undefined> {
    const container = this.#table.get(id);
    if (container === undefined || !isAlive(container)) return undefined;
    try {
      const metrics = await this.#context.containerd.tasks.metrics(id);
      const processors = parseProcessorTime(readFileSync('/proc/stat', 'utf8'));
      return { metrics, processors, links: this.#links(container), machineMemory: totalmem() };
    } catch (error) {
      // It has ended since.
      if (isNotFound(error) || !this.#runs(id)) return undefined;
      throw error;
    }
  }

  #links({ sandbox: id, state }: Container): readonly LinkCounters[] | undefined {
    const { network } = this.#context;
    const sandbox = id === undefined ? undefined : network.sandbox(id);
    if (sandbox === undefined || sandbox.namespace === '') return undefined;
    const own = new Set(network.endpointsIn(sandbox.id).map((endpoint) => endpoint.interface));
    return linkTraffic(state.pid)?.filter(({ name }) => own.has(name));
  }

  #runs(id: string): boolean {
    const container = this.#table.get(id);
    return container !== undefined && isAlive(container);
  }
}

function answer(
  { id, name }: Container,
  current: StatisticsSample | undefined,
  previous: StatisticsSample | undefined,
): ContainerStatistics {
  return { id, name, current, previous };
}

/** Shorter when nobody waits any more. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(interval, undefined, { signal }).catch(() => {});
}
