import { hasEnded, isBeyond, type Task } from '../task/task-model.ts';
import { restartOf } from './restart-plan.ts';
import { joinPlans, type Plan, type PlanInput, planHistory, slotsOf, type TaskChange, wantedSlots } from './slots.ts';

/** What a job still needs: tasks that come to their end once, so many at a time. */
export function planJob(input: PlanInput): Plan {
  const { service, tasks } = input;
  const { jobIteration = 0 } = service;
  const former = tasks.filter((task) => task.jobIteration !== jobIteration);
  const present = tasks.filter((task) => task.jobIteration === jobIteration);
  const leaving = former.flatMap((task): TaskChange[] => {
    if (hasEnded(task)) return [{ kind: 'forget', task }];
    return task.desiredState === 'remove' ? [] : [{ kind: 'desire', task, state: 'remove' }];
  });
  const again = planRepeats(input, present);
  return joinPlans([
    { changes: leaving },
    again,
    { changes: begin(input, present) },
    planHistory({ ...input, tasks: present }),
  ]);
}

/** New tasks, as many as may run at once and are still to be completed. */
function begin(input: PlanInput, present: readonly Task[]): TaskChange[] {
  const slots = jobSlots(input);
  const busy = present.filter((task) => !hasEnded(task) && !isBeyond(task.desiredState, 'complete')).length;
  const known = new Set(present.map(({ slot }) => slot));
  const missing = slots.filter((slot) => !known.has(slot));
  const { replicatedJob } = input.service.spec.mode;
  const free = replicatedJob === undefined ? missing.length : Math.max((replicatedJob.maxConcurrent ?? 1) - busy, 0);
  return missing
    .slice(0, free)
    .map((slot): TaskChange => ({ kind: 'create', ...(slot !== undefined && { slot }), desired: 'complete' }));
}

/** A task that has failed is followed by another one, where the policy wants it. */
function planRepeats(input: PlanInput, present: readonly Task[]): Plan {
  const plans = slotsOf(present).map(({ number, tasks }): Plan => {
    const last = tasks.at(-1);
    if (last === undefined || !hasEnded(last) || last.status.state === 'complete') return { changes: [] };
    const restart = restartOf(last, tasks, input);
    if (restart === undefined) return { changes: [] };
    const slot = number === undefined ? {} : { slot: number };
    return {
      changes: [
        { kind: 'desire', task: last, state: 'shutdown' },
        { kind: 'create', ...slot, desired: 'complete', notBefore: restart.notBefore },
      ],
      wakeAt: restart.notBefore,
    };
  });
  return joinPlans(plans);
}

/** Counted from 0 on; the tasks of a global job have none. */
function jobSlots(input: PlanInput): readonly (number | undefined)[] {
  const { replicatedJob } = input.service.spec.mode;
  if (replicatedJob === undefined) {
    const { service } = input;
    return wantedSlots({ ...input, service: { ...service, spec: { ...service.spec, mode: { global: {} } } } });
  }
  const { maxConcurrent = 1, totalCompletions = maxConcurrent } = replicatedJob;
  return Array.from({ length: totalCompletions }, (_, index) => index);
}
