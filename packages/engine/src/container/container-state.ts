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
export function requireNotRestarting({ id, state }: Container): void {
  if (state.status !== 'restarting') return;
  throw new FairleadError('conflict', `Container ${id} is restarting, wait until the container is running`);
}
