import { FairleadError, isNotFound } from '@fairlead/base';
import type { Container } from '../model.ts';

/** True while a container has a process. */
export function isAlive({ state }: Pick<Container, 'state'>): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** True while a container has a process or is about to get its next one. */
export function isUp(container: Pick<Container, 'state'>): boolean {
  return isAlive(container) || container.state.status === 'restarting';
}

/** For things that may be gone already. */
export function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** What Docker says when something needs a process. */
export function notRunning(id: string): FairleadError {
  return new FairleadError('conflict', `container ${id} is not running`);
}

/** @throws FairleadError `conflict` in Docker's words for what needs the next process of a container. */
export function requireNotRestarting({ id, state }: Pick<Container, 'id' | 'state'>): void {
  if (state.status !== 'restarting') return;
  throw new FairleadError('conflict', `Container ${id} is restarting, wait until the container is running`);
}

/**
 * A client can attach to a container that does not run, for it may start; not to one whose streams stand still, or are
 * about to be others.
 *
 * @param reference as the client wrote it.
 * @throws FairleadError `conflict` in Docker's words.
 */
export function requireAttachable({ state }: Pick<Container, 'state'>, reference: string): void {
  const reasons = new Map<string, string>([
    ['paused', 'is paused, unpause the container before attach'],
    ['restarting', 'is restarting, wait until the container is running'],
  ]);
  const reason = reasons.get(state.status);
  if (reason !== undefined) throw new FairleadError('conflict', `container ${reference} ${reason}`);
}

/**
 * Another process needs a container whose own one is there and not frozen.
 *
 * @param reference as the client wrote it.
 * @throws FairleadError `conflict` in Docker's words.
 */
export function requireExecutable(container: Pick<Container, 'id' | 'state'>, reference = container.id): void {
  requireNotRestarting(container);
  if (!isAlive(container)) throw notRunning(container.id);
  if (container.state.status === 'running') return;
  throw new FairleadError('conflict', `Container ${reference} is paused, unpause the container before exec`);
}
