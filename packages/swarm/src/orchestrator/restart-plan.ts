import type { Task } from '../task/task-model.ts';
import type { PlanInput } from './slots.ts';

const NANOSECONDS_PER_MILLISECOND = 1e6;
/** Swarmkit's, for a policy that does not say. */
const DEFAULT_DELAY = 5e9;

/**
 * When a task that has ended is followed by another one.
 *
 * @param tasks all of its slot, oldest first.
 * @returns `undefined` when it is not: by its policy, or because it has been tried often enough.
 */
export function restartOf(
  ended: Task,
  tasks: readonly Task[],
  { now }: Pick<PlanInput, 'now'>,
): { readonly notBefore: number } | undefined {
  const { condition = 'any', delay = DEFAULT_DELAY, maxAttempts = 0, window = 0 } = ended.spec.restartPolicy ?? {};
  if (wasTold(ended)) return { notBefore: now };
  if (condition === 'none') return undefined;
  if (condition === 'on-failure' && ended.status.state === 'complete') return undefined;
  if (maxAttempts > 0 && attempts(ended, tasks, window, now) >= maxAttempts) return undefined;
  return { notBefore: Math.max(now, ended.status.timestamp + delay / NANOSECONDS_PER_MILLISECOND) };
}

/** True for a task that somebody has ended who wants another one in its place. */
export function wasTold({ status }: Task): boolean {
  return status.state === 'shutdown' || status.state === 'orphaned';
}

/** How often a task of the same specification has been started again, within the window that counts. */
function attempts(ended: Task, tasks: readonly Task[], window: number, now: number): number {
  const since = window === 0 ? 0 : now - window / NANOSECONDS_PER_MILLISECOND;
  const same = tasks.filter(
    ({ specVersion, notBefore }) => specVersion === ended.specVersion && notBefore !== undefined,
  );
  return same.filter(({ created }) => created >= since).length;
}
