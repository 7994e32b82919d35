import { type Logger, messageOf } from '@fairlead/base';
import type { Container } from '../../model.ts';
import { isUp } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { within } from './patience.ts';
import { shutdownTimeout, stopTimeout } from './stop-timeout.ts';
import type { Termination } from './termination.ts';

/** What {@link stopForShutdown} works with. */
export interface ShutdownParts {
  readonly table: ContainerTable;
  readonly termination: Pick<Termination, 'stop'>;
  readonly logger: Logger;
}

/** How the containers of a machine that ends have ended. */
export interface ShutdownReport {
  /** Containers that have been stopped. */
  readonly stopped: number;
  /** Names of those that run in spite of it. */
  readonly left: readonly string[];
}

/**
 * Stop every container before the machine ends: all at once, each by its own signal and in its own time. Those that the
 * operator or their policy wants back are started by the next engine.
 *
 * @param patience seconds that the operator gives them together, see {@link shutdownTimeout}.
 */
export async function stopForShutdown(parts: ShutdownParts, patience: number): Promise<ShutdownReport> {
  const tried = new Set<string>();
  const seconds = shutdownTimeout(patience, [...parts.table].filter(isUp).map(stopTimeout));
  await within(stopAll(parts, tried), seconds);
  const left = [...parts.table].filter(isUp);
  const stopped = tried.difference(new Set(left.map(({ id }) => id)));
  return { stopped: stopped.size, left: left.map(({ name }) => name) };
}

/** Some may come up while others are stopped: their start was under way. */
async function stopAll(parts: ShutdownParts, tried: Set<string>): Promise<void> {
  for (;;) {
    const fresh = [...parts.table].filter((container) => isUp(container) && !tried.has(container.id));
    if (fresh.length === 0) return;
    for (const { id } of fresh) tried.add(id);
    await Promise.all(fresh.map((container) => stop(parts, container)));
  }
}

/** One that cannot be stopped does not keep the others from it. */
async function stop({ termination, logger }: ShutdownParts, { id }: Container): Promise<void> {
  try {
    await termination.stop(id, { isShutdown: true });
  } catch (error) {
    // It may have ended by itself meanwhile; who is left in the end is told of.
    logger.debug('container not stopped at shutdown', { id, error: messageOf(error) });
  }
}
