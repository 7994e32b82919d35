import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import type { StopOptions } from '../container-port.ts';
import { isAlive, isUp } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { Restarts } from '../restart/restarts.ts';
import type { ContainerEnd } from './ending.ts';
import type { ExitWatch } from './exit-watch.ts';
import { requireKillable, requireNotRemoving, requireStopped, requireUp } from './life-rules.ts';
import { type ContainerTurns, insist, type Killed, within } from './patience.ts';
import { parseSignal } from './signal.ts';
import { findToKill, SIGKILL, SIGTERM, type Signalling } from './signalling.ts';
import { stopTimeout } from './stop-timeout.ts';

/** Signals by which somebody wants a container to end: SIGHUP, SIGINT and SIGQUIT of his terminal, SIGKILL and SIGTERM. */
const ENDING: readonly number[] = [1, 2, 3, 9, 15];

/** What {@link Termination} works with. */
export interface TerminationParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly turns: ContainerTurns;
  readonly watch: ExitWatch;
  readonly end: ContainerEnd;
  readonly signals: Signalling;
  readonly restarts: Restarts;
}

/**
 * Containers whose end somebody wants. The end of a process takes a turn of its own: who waits for it here holds none.
 */
export class Termination {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #turns: ContainerTurns;
  readonly #watch: ExitWatch;
  readonly #end: ContainerEnd;
  readonly #signals: Signalling;
  readonly #restarts: Restarts;
  readonly #stopping = new Set<string>();

  constructor({ context, table, turns, watch, end, signals, restarts }: TerminationParts) {
    this.#context = context;
    this.#table = table;
    this.#turns = turns;
    this.#watch = watch;
    this.#end = end;
    this.#signals = signals;
    this.#restarts = restarts;
  }

  /** Whether somebody is stopping a container. */
  isStopping(id: string): boolean {
    return this.#stopping.has(id);
  }

  /** @throws FairleadError `not-modified` when it does not run. */
  async stop(reference: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#table.find(reference);
    if (await this.#giveUpWaiting(id)) return;
    this.#stopping.add(id);
    try {
      const asked = await this.#turns.run(id, () => this.#askToStop(id, options));
      if (asked !== undefined && !(await within(asked.ended, asked.timeout))) {
        const killed = await this.#turns.run(id, () => this.#killNow(id, options));
        if (killed !== undefined) await insist(killed, `cannot stop container: ${reference}`);
      }
      await this.#settled(id);
    } finally {
      this.#stopping.delete(id);
    }
    const container = this.#table.get(id);
    if (container !== undefined) this.#context.events.emit(containerEvent(container, 'stop'));
  }

  /** @throws FairleadError `invalid-argument` for what is no signal; `conflict` when it does not run. */
  async kill(reference: string, signal = ''): Promise<void> {
    const { container, number } = findToKill(this.#table, reference, signal);
    const { id } = container;
    if (ENDING.includes(number)) await this.#giveUpWaiting(id);
    const killed = await this.#turns.run(id, async () => {
      const now = this.#table.find(id);
      requireKillable(now, reference);
      if (number === SIGKILL) return await this.#killNow(id);
      await this.#signal(now, number);
      return undefined;
    });
    if (killed === undefined) return;
    await insist(killed, `cannot kill container: ${reference}`);
    await this.#settled(id);
  }

  /** @throws FairleadError `conflict` when it runs and `force` is not given, or when it is being removed already. */
  async remove(reference: string, force: boolean, removesVolumes: boolean): Promise<void> {
    const container = this.#table.find(reference);
    const { id, name } = container;
    requireNotRemoving(container, reference);
    await this.#giveUpWaiting(id);
    // Somebody else may start it again between its end and its removal.
    while (this.#table.get(id) !== undefined) {
      const killed = await this.#turns.run(id, () => this.#removeOrKill(id, force, removesVolumes));
      if (killed !== undefined) await insist(killed, `cannot remove container "/${name}": could not kill`);
    }
  }

  /** Go on with a removal that was cut off, or take away what should have gone by itself. */
  async finishRemoval(id: string): Promise<void> {
    await this.#turns.run(id, () => {
      const container = this.#table.find(id);
      const { status, removesVolumes = false } = container.state;
      const wasAsked = status === 'removing' || status === 'dead';
      return this.#end.erase(container, wasAsked ? removesVolumes : true);
    });
  }

  /**
   * Who waits for addresses of a LAN or for a plugin waits no longer.
   *
   * @returns true when that was a start: the container does not run after it.
   */
  async #giveUpWaiting(id: string): Promise<boolean> {
    if (!this.#turns.giveUp(id)) return false;
    await this.#settled(id);
    const container = this.#table.get(id);
    return container === undefined || !isUp(container);
  }

  async #askToStop(id: string, options: StopOptions) {
    const container = this.#table.find(id);
    requireUp(container);
    const signal = parseSignal(options.signal || container.config.stopSignal || SIGTERM);
    await this.#signal(container, signal, options);
    if (!isAlive(container)) return undefined;
    const timeout = options.timeout ?? stopTimeout(container);
    return { ended: this.#watch.wait(id, 'next-exit'), timeout };
  }

  async #removeOrKill(id: string, force: boolean, removesVolumes: boolean): Promise<Killed | undefined> {
    const container = this.#table.get(id);
    if (container === undefined) return undefined;
    if (!force) requireStopped(container);
    const killed = await this.#killNow(id);
    if (killed === undefined) await this.#end.erase(this.#table.find(id), removesVolumes);
    return killed;
  }

  /** To be called within a turn; the end comes after it. */
  async #killNow(id: string, options: StopOptions = {}): Promise<Killed | undefined> {
    const container = this.#table.get(id);
    if (container === undefined || !isUp(container)) return undefined;
    await this.#signal(container, SIGKILL, options);
    if (!isAlive(container)) return undefined;
    return { ended: this.#watch.wait(id, 'next-exit') };
  }

  /** One that waits for its restart has no process: what asks for its end ends the waiting. */
  async #signal(container: Container, signal: number, { isShutdown }: StopOptions = {}): Promise<void> {
    this.#restarts.noteSignal(container, signal, isShutdown);
    if (isAlive(container)) await this.#signals.send(container, signal);
    else if (this.#table.find(container.id).state.endRequested) this.#restarts.giveUp(container);
  }

  async #settled(id: string): Promise<void> {
    await this.#turns.run(id, () => undefined);
  }
}
