import { hasEnded, isBeyond, type Task } from '../task/task-model.ts';
import { planJob } from './job-plan.ts';
import { restartOf, wasTold } from './restart-plan.ts';
import {
  isLive,
  joinPlans,
  type Plan,
  type PlanInput,
  planHistory,
  type Slot,
  slotsOf,
  type TaskChange,
  wantedSlots,
} from './slots.ts';
import { planUpdate } from './update-plan.ts';

/** What a service still needs, as a value. Carried out and asked again, it comes to an empty one. */
export function planService(input: PlanInput): Plan {
  const { service, tasks } = input;
  if (service.removed) return { changes: tasks.flatMap(removal) };
  const { replicatedJob, globalJob } = service.spec.mode;
  if (replicatedJob !== undefined || globalJob !== undefined) return planJob(input);
  return joinPlans([planScale(input), planRestarts(input), planUpdate(input, liveSlots(input)), planHistory(input)]);
}

function removal(task: Task): TaskChange[] {
  if (hasEnded(task)) return [{ kind: 'forget', task }];
  return task.desiredState === 'remove' ? [] : [{ kind: 'desire', task, state: 'remove' }];
}

function liveSlots(input: PlanInput): Slot[] {
  const wanted = new Set(wantedSlots(input));
  return slotsOf(input.tasks).filter(({ number }) => wanted.has(number));
}

/** Slots that are missing, and tasks in slots that nobody asks for any more. */
function planScale(input: PlanInput): Plan {
  const wanted = wantedSlots(input);
  const known = new Set(input.tasks.map(({ slot }) => slot));
  const missing = wanted.filter((number) => !known.has(number));
  const surplus = input.tasks.filter(({ slot }) => !wanted.includes(slot));
  return {
    changes: [
      ...missing.map(
        (slot): TaskChange => ({ kind: 'create', ...(slot !== undefined && { slot }), desired: 'running' }),
      ),
      ...surplus.flatMap(removal),
    ],
  };
}

/** A task that has ended is followed by another one, where the policy wants it. */
function planRestarts(input: PlanInput): Plan {
  const plans = liveSlots(input).map(({ number, tasks }): Plan => {
    const drained = input.node.spec.availability === 'drain' ? tasks.filter((task) => isLive(task) && task.nodeId) : [];
    if (drained.length > 0) return { changes: drained.map((task) => ({ kind: 'desire', task, state: 'shutdown' })) };
    const last = tasks.at(-1);
    if (last === undefined) return { changes: [] };
    if (isLive(last)) return promotion(last, tasks, input.now);
    if (!hasEnded(last) || isUpdateTurn(tasks)) return { changes: [] };
    return succession(number, last, tasks, input);
  });
  return joinPlans(plans);
}

/** What follows a task that has ended: once it has been decided on, nothing more. */
function succession(number: number | undefined, last: Task, tasks: readonly Task[], input: PlanInput): Plan {
  const isDecided = isBeyond(last.desiredState, 'running');
  if (isDecided && !wasTold(last)) return { changes: [] };
  const end: TaskChange[] = isDecided ? [] : [{ kind: 'desire', task: last, state: 'shutdown' }];
  const restart = restartOf(last, tasks, input);
  if (restart === undefined) return { changes: end };
  const slot = number === undefined ? {} : { slot: number };
  const next: TaskChange = { kind: 'create', ...slot, desired: 'ready', notBefore: restart.notBefore };
  return { changes: [...end, next], wakeAt: restart.notBefore };
}

/** Another task of the slot is still to come: an update has its turn. */
function isUpdateTurn(tasks: readonly Task[]): boolean {
  return tasks.some(isLive);
}

/** A task that waits for its time, or for the end of the one before it, and may now. */
function promotion(task: Task, tasks: readonly Task[], now: number): Plan {
  if (task.desiredState !== 'ready') return { changes: [] };
  const { notBefore = 0 } = task;
  if (notBefore > now) return { changes: [], wakeAt: notBefore };
  const isFree = tasks.every((other) => other === task || hasEnded(other));
  return { changes: isFree ? [{ kind: 'desire', task, state: 'running' }] : [] };
}
