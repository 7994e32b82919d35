import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, isNotFound, KeyedMutex, type Logger, lateModule, messageOf } from '@fairlead/base';
import type { Container } from '../../model.ts';
import type { ContainerTable } from '../container-table.ts';
import { within } from '../life/patience.ts';
import { startsWithDaemon } from './restart-policy.ts';
import { startOrder, type Turn } from './start-order.ts';

const plugins = lateModule(() => import('@fairlead/plugins'));

/** So many containers are started at once: enough to keep a machine busy that answers clients besides. */
const LANES = 4;
/** Seconds that a container waits for those that it needs, as Docker does. */
const DONOR_PATIENCE = 5;

/** What {@link Autostart} works with. */
export interface AutostartParts {
  readonly table: ContainerTable;
  readonly logger: Logger;
  /** Start a container as if somebody had asked for it. */
  readonly start: (id: string) => Promise<void>;
  /** Start one that waited for its restart when the daemon before ended; resolves when that was tried. */
  readonly resume: (container: Container) => Promise<void>;
  /** Let so many seconds pass; resolves early when the signal says so. */
  readonly pause?: (seconds: number, signal: AbortSignal) => Promise<void>;
}

/** Starts with the daemon what its restart policy wants to run, after a crash, an update or a reboot. */
export class Autostart {
  readonly #parts: AutostartParts;
  readonly #lanes = new KeyedMutex();
  readonly #tried = new Map<string, Promise<void>>();

  constructor(parts: AutostartParts) {
    this.#parts = parts;
  }

  /**
   * Decide what is started. What clients do from now on is not undone.
   *
   * @returns how to start it; never rejects.
   */
  plan(): (signal: AbortSignal) => Promise<void> {
    const { table } = this.#parts;
    const waiting = [...table].filter((container) => isWaiting(container) || startsWithDaemon(container));
    const turns = startOrder(waiting, (reference) => find(table, reference));
    return async (signal) => {
      for (const [place, turn] of turns.entries()) this.#tried.set(turn.id, this.#take(turn, place, signal));
      await Promise.all(this.#tried.values());
    };
  }

  async #take({ id, after }: Turn, place: number, signal: AbortSignal): Promise<void> {
    const donors = after.flatMap((donor) => this.#tried.get(donor) ?? []);
    if (donors.length > 0) await within(Promise.all(donors), DONOR_PATIENCE);
    const container = this.#parts.table.get(id);
    if (container === undefined || signal.aborted) return;
    if (isWaiting(container)) return await this.#parts.resume(container);
    await this.#start(id, String(place % LANES), signal);
  }

  /** After a reboot plugins come up beside the daemon: one that is not there yet is waited for as long as Docker does. */
  async #start(id: string, lane: string, signal: AbortSignal): Promise<void> {
    const { logger, pause = pauseFor } = this.#parts;
    let waited = 0;
    for (let attempts = 0; ; attempts++) {
      const failure = await this.#lanes.run(lane, async () => (signal.aborted ? undefined : await this.#attempt(id)));
      if (failure === undefined) return;
      const { lacksPlugin, waitBefore } = await plugins();
      const wait = lacksPlugin(failure) ? waitBefore(attempts, waited) : undefined;
      const told = { id, error: messageOf(failure) };
      if (wait === undefined) return logger.error('container not started with the daemon', told);
      logger.warn('container waits for its plugin', { ...told, retrying: `in ${wait}s` });
      await pause(wait, signal);
      waited += wait;
    }
  }

  /** @returns why it could not be started; nothing when it runs, or nobody wants that any more. */
  async #attempt(id: string): Promise<unknown> {
    const container = this.#parts.table.get(id);
    if (container === undefined || !startsWithDaemon(container)) return undefined;
    try {
      await this.#parts.start(id);
      return undefined;
    } catch (error) {
      const isDone = error instanceof FairleadError && error.code === 'not-modified';
      return isDone || (isNotFound(error) && this.#parts.table.get(id) === undefined) ? undefined : error;
    }
  }
}

async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
}

function isWaiting({ state }: Container): boolean {
  return state.status === 'restarting';
}

function find(table: ContainerTable, reference: string): Container | undefined {
  try {
    return table.find(reference);
  } catch {
    return undefined;
  }
}
