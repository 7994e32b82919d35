import { isNotFound } from '@fairlead/base';

/** Present each of several things; one that is removed meanwhile is left out, and does not spoil the answer. */
export async function thoseThatAreThere<T, R>(things: readonly T[], present: (thing: T) => Promise<R>): Promise<R[]> {
  const settled = await Promise.allSettled(things.map(present));
  return settled.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return [outcome.value];
    if (isNotFound(outcome.reason)) return [];
    throw outcome.reason;
  });
}
