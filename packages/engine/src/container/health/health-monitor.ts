import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExecTable } from '../exec/exec-table.ts';
import type { ProbeResult } from './health-model.ts';
import { runProbe } from './health-probe.ts';
import {
  afterProbe,
  type HealthCheck,
  healthCheckOf,
  isReady,
  pauseBeforeProbe,
  starting,
  unwatched,
} from './health-state.ts';

/** setTimeout takes no more milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Checks containers as long as they run, one check of each at a time. Whoever calls has the container's turn. */
export class HealthMonitor {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #execs: ExecTable;
  readonly #watched = new Map<string, AbortController>();

  constructor(context: EngineContext, table: ContainerTable, execs: ExecTable) {
    this.#context = context;
    this.#table = table;
    this.#execs = execs;
  }

  /** A container has started: nothing is known of its health yet. */
  begin(id: string): void {
    const { config, state } = this.#table.find(id);
    if (healthCheckOf(config) === undefined) return;
    this.#table.setState(id, { health: starting(state.health) });
    this.watch(id);
  }

  /** A container goes on: what is known of its health stays. */
  watch(id: string): void {
    const container = this.#table.find(id);
    const check = healthCheckOf(container.config);
    if (check === undefined || this.#watched.has(id)) return;
    this.#tell(container);
    const stop = new AbortController();
    this.#watched.set(id, stop);
    this.#follow(id, check, stop.signal).catch((error) => {
      if (!stop.signal.aborted) this.#context.logger.error('health check lost', { id, error: messageOf(error) });
    });
  }

  /** A container has ended or is frozen. */
  unwatch(id: string): void {
    this.#watched.get(id)?.abort();
    this.#watched.delete(id);
    const health = this.#table.get(id)?.state.health;
    if (health !== undefined) this.#tell(this.#table.setState(id, { health: unwatched(health) }));
  }

  /** Leave the containers as they are: the next daemon goes on. */
  release(): void {
    for (const stop of this.#watched.values()) stop.abort();
    this.#watched.clear();
  }

  async #follow(id: string, check: HealthCheck, signal: AbortSignal): Promise<never> {
    for (;;) {
      const { startedAt = 0, health } = this.#table.find(id).state;
      const pause = pauseBeforeProbe(check, health ?? starting(undefined), Date.now() - startedAt);
      await sleep(Math.min(pause, LONGEST_TIMER), undefined, { signal, ref: false });
      const result = await runProbe(this.#execs, id, check, signal);
      signal.throwIfAborted();
      this.#record(id, check, result);
    }
  }

  #record(id: string, check: HealthCheck, result: ProbeResult): void {
    const { startedAt = 0, health = starting(undefined) } = this.#table.find(id).state;
    const next = afterProbe(health, result, check, startedAt);
    const container = this.#table.setState(id, { health: next });
    if (next.status === health.status) return;
    this.#tell(container);
    this.#context.events.emit(containerEvent(container, `health_status: ${next.status}`));
  }

  /** Names that several containers share lead to those that are well. Nothing of it concerns who shares its network. */
  #tell({ id, sandbox, state }: Container): void {
    const { network, logger } = this.#context;
    if (sandbox === undefined || network.sandbox(sandbox)?.owner !== id) return;
    network.setReady(sandbox, isReady(state.health)).catch((error) => {
      logger.warn('name service not told of a health', { id, error: messageOf(error) });
    });
  }
}
