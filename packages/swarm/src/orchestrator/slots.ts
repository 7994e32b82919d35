import type { ClusterSpec, SwarmNode } from '../model.ts';
import type { Service, UpdateStatus } from '../service/service-model.ts';
import { meetsConstraints } from '../task/placement.ts';
import { hasEnded, isBeyond, type Task, type TaskState } from '../task/task-model.ts';

/** What becomes of an update. */
export interface UpdateStep {
  readonly status: UpdateStatus;
  /** The specification before it is to be the present one again. */
  readonly rollsBack?: true;
}

/** What is to be different about the tasks of a service. */
export type TaskChange =
  | { readonly kind: 'create'; readonly slot?: number; readonly desired: TaskState; readonly notBefore?: number }
  | { readonly kind: 'desire'; readonly task: Task; readonly state: TaskState }
  /** Its container is removed, and then it is forgotten. */
  | { readonly kind: 'forget'; readonly task: Task };

/** What there is, and what time it is. */
export interface PlanInput {
  readonly service: Service;
  /** All of the service. */
  readonly tasks: readonly Task[];
  readonly node: SwarmNode;
  readonly orchestration: ClusterSpec['orchestration'];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What follows from it. */
export interface Plan {
  readonly changes: readonly TaskChange[];
  /** How the update of the service goes on; absent while there is nothing to say. */
  readonly update?: UpdateStep;
  /** When it is worth to look again although nothing has happened; milliseconds since the epoch. */
  readonly wakeAt?: number;
}

/** The tasks of one place: a replica's number, or the node. */
export interface Slot {
  readonly number: number | undefined;
  /** Oldest first. */
  readonly tasks: readonly Task[];
}

/** True for a task that is to run, and may. */
export function isLive(task: Task): boolean {
  return !isBeyond(task.desiredState, 'running') && !hasEnded(task);
}

/** Slots that are to be there, in their order. */
export function wantedSlots({ service, node }: PlanInput): readonly (number | undefined)[] {
  const { replicated, global } = service.spec.mode;
  if (global !== undefined) {
    const isWelcome =
      node.spec.availability !== 'drain' && meetsConstraints(service.spec.taskTemplate.placement ?? {}, node);
    return isWelcome ? [undefined] : [];
  }
  return Array.from({ length: replicated?.replicas ?? 0 }, (_, index) => index + 1);
}

/** Tasks by their slot, oldest first. */
export function slotsOf(tasks: readonly Task[]): Slot[] {
  const sorted = tasks.toSorted((a, b) => a.created - b.created || a.version - b.version);
  const groups = Map.groupBy(sorted, ({ slot }) => slot);
  return [...groups].map(([number, group]) => ({ number, tasks: group }));
}

/** One plan of several. */
export function joinPlans(plans: readonly Plan[]): Plan {
  const times = plans.flatMap(({ wakeAt }) => (wakeAt === undefined ? [] : [wakeAt]));
  const update = plans.find((plan) => plan.update !== undefined)?.update;
  return {
    changes: plans.flatMap(({ changes }) => changes),
    ...(update !== undefined && { update }),
    ...(times.length > 0 && { wakeAt: Math.min(...times) }),
  };
}

/** Ended tasks that are still to be looked at, in all slots but the newest `limit` of each. */
export function planHistory({ tasks, orchestration }: PlanInput): Plan {
  const limit = Math.max(orchestration.taskHistoryRetentionLimit, 0);
  const changes = slotsOf(tasks).flatMap((slot) => {
    const over = slot.tasks.filter((task) => hasEnded(task) && isBeyond(task.desiredState, 'running'));
    return over.slice(0, Math.max(over.length - limit, 0)).map((task): TaskChange => ({ kind: 'forget', task }));
  });
  return { changes };
}
