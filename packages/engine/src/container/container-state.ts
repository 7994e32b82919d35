import { FairleadError, isNotFound } from '@fairlead/base';
import type { Container } from '../model.ts';

/** True while a container has a process. */
export function isAlive({ state }: Pick<Container, 'state'>): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** For things that may be gone already. */
export function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** What Docker says when something needs a process. */
export function notRunning(id: string): FairleadError {
  return new FairleadError('conflict', `container ${id} is not running`);
}
