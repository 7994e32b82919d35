import { FairleadError } from '@fairlead/base';
import type { Container } from '../../model.ts';
import { isUp, notRunning, requireNotRestarting } from '../container-state.ts';

/** @throws FairleadError `not-modified` when it runs already; `conflict` in Docker's words when it cannot be started. */
export function requireStartable({ state }: Pick<Container, 'state'>): void {
  if (state.status === 'running' || state.status === 'restarting') throw new FairleadError('not-modified', '');
  if (state.status === 'paused')
    throw new FairleadError('conflict', 'cannot start a paused container, try unpause instead');
  if (state.status === 'removing' || state.status === 'dead') {
    throw new FairleadError('conflict', 'container is marked for removal and cannot be started');
  }
}

/** @throws FairleadError `not-modified` when there is nothing to stop. */
export function requireUp(container: Pick<Container, 'state'>): void {
  if (!isUp(container)) throw new FairleadError('not-modified', '');
}

/**
 * @param reference as the client wrote it.
 * @throws FairleadError `conflict` in Docker's words when there is nothing to kill.
 */
export function requireKillable(container: Pick<Container, 'id' | 'state'>, reference: string): void {
  if (isUp(container)) return;
  const reason = `container ${container.id} is not running`;
  throw new FairleadError('conflict', `cannot kill container: ${reference}: ${reason}`);
}

/** @throws FairleadError `conflict` in Docker's words for a container that has to be stopped before it can be removed. */
export function requireStopped(container: Pick<Container, 'name' | 'state'>): void {
  if (!isUp(container)) return;
  const { name, state } = container;
  const reason =
    state.status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${state.status}: stop the container before removing or force remove`;
  throw new FairleadError('conflict', `cannot remove container "/${name}": ${reason}`);
}

/**
 * @param reference as the client wrote it.
 * @throws FairleadError `conflict` in Docker's words.
 */
export function requireNotRemoving({ state }: Pick<Container, 'state'>, reference: string): void {
  if (state.status !== 'removing') return;
  throw new FairleadError('conflict', `removal of container ${reference} is already in progress`);
}

/** @throws FairleadError `conflict` in Docker's words for what cannot be frozen. */
export function requirePausable(container: Pick<Container, 'id' | 'state'>): void {
  const { id, state } = container;
  if (state.status === 'paused') throw new FairleadError('conflict', `container ${id} is already paused`);
  requireNotRestarting(container);
  if (state.status !== 'running') throw notRunning(id);
}

/** @throws FairleadError `internal`, as in Docker, when it is not frozen. */
export function requirePaused({ id, state }: Pick<Container, 'id' | 'state'>): void {
  if (state.status !== 'paused') throw notPaused(id);
}

/** In Docker's words, and with its status. */
export function notPaused(id: string): FairleadError {
  return new FairleadError('internal', `Container ${id} is not paused`);
}
