import { isDeepStrictEqual } from 'node:util';
import type { Service, UpdateConfig, UpdateStatus } from '../service/service-model.ts';
import { hasEnded, type Task } from '../task/task-model.ts';
import { isLive, type Plan, type PlanInput, type Slot, type TaskChange, type UpdateStep } from './slots.ts';

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** How an update goes for which nobody says how (swarmkit, api/defaults). */
export const defaultUpdate: UpdateConfig = {
  parallelism: 1,
  failureAction: 'pause',
  monitor: 5e9,
  maxFailureRatio: 0,
  order: 'stop-first',
};

/** Tasks that are not as their service asks any more make place for others, a few at a time. */
export function planUpdate(input: PlanInput, slots: readonly Slot[]): Plan {
  const { service, now } = input;
  const { updateStatus: status } = service;
  if (status !== undefined && ['paused', 'rollback_paused'].includes(status.state)) return { changes: [] };
  const dirty = slots.filter((slot) => needsUpdate(slot, service));
  const isOn = status !== undefined && status.completedAt === undefined;
  if (dirty.length === 0 && !isOn) return { changes: [] };
  if (!isOn) return { changes: [], update: { status: begun(now) } };
  const config = configOf(service, status);
  const failure = earlyFailure(input, slots, config);
  if (failure !== undefined) return { changes: [], update: failed(failure, status, config, service) };
  return dirty.length > 0 ? nextSlots(input, slots, dirty, config) : completion(input, slots, config, status);
}

/** True for a task that is as its service asks: an older one is, too, when only the number of tasks has changed. */
export function isUpToDate(task: Task, service: Service): boolean {
  if (task.specVersion === service.specVersion) return true;
  const { placement: _, ...asked } = service.spec.taskTemplate;
  const { placement: __, ...has } = task.spec;
  return isDeepStrictEqual(asked, has) && task.endpoint === endpointKey(service);
}

/** What of a service's ports is part of its tasks: those that are the tasks' own on the host. */
export function endpointKey({ spec }: Pick<Service, 'spec'>): string {
  const ports = (spec.endpointSpec?.ports ?? []).filter(({ publishMode }) => publishMode === 'host');
  return ports.length === 0 ? '' : JSON.stringify(ports);
}

function begun(now: number): UpdateStatus {
  return { state: 'updating', startedAt: now, message: 'update in progress' };
}

function configOf({ spec }: Service, { state }: UpdateStatus): UpdateConfig {
  const config = state.startsWith('rollback') ? spec.rollbackConfig : spec.updateConfig;
  return { ...defaultUpdate, ...config };
}

function needsUpdate({ tasks }: Slot, service: Service): boolean {
  const live = tasks.filter(isLive);
  return live.length > 0 && live.every((task) => !isUpToDate(task, service));
}

/** A new task is there, and has not got to run yet, or the old one has not ended. */
function isUnderWay({ tasks }: Slot, service: Service): boolean {
  const fresh = tasks.findLast((task) => isLive(task) && isUpToDate(task, service));
  if (fresh === undefined) return false;
  return fresh.status.state !== 'running' || tasks.some((task) => task !== fresh && !hasEnded(task));
}

function nextSlots(input: PlanInput, slots: readonly Slot[], dirty: readonly Slot[], config: UpdateConfig): Plan {
  const { service, now } = input;
  const underWay = slots.filter((slot) => isUnderWay(slot, service)).length;
  const parallelism = config.parallelism || slots.length;
  const free = Math.max(parallelism - underWay, 0);
  if (free === 0) return { changes: finishStarts(slots, service) };
  const pause = (config.delay ?? 0) / NANOSECONDS_PER_MILLISECOND;
  const last = lastArrival(slots, service);
  if (last !== undefined && last + pause > now) return { changes: finishStarts(slots, service), wakeAt: last + pause };
  const waits = dirty.map((slot) => retryTime(slot, service));
  const ready = dirty.filter((_, index) => (waits[index] ?? 0) <= now);
  const changes = ready.slice(0, free).flatMap((slot) => replacement(slot, config));
  const later = Math.min(...waits.filter((time) => time > now));
  return { changes: [...finishStarts(slots, service), ...changes], ...(Number.isFinite(later) && { wakeAt: later }) };
}

/** A new task that has failed beside an old one that runs is followed after a while only; 0 where there is none. */
function retryTime({ tasks }: Slot, service: Service): number {
  const last = tasks.at(-1);
  if (last === undefined || !hasEnded(last) || !isUpToDate(last, service)) return 0;
  return last.status.timestamp + (last.spec.restartPolicy?.delay ?? 5e9) / NANOSECONDS_PER_MILLISECOND;
}

/** With `start-first`, an old task ends when the new one runs. */
function finishStarts(slots: readonly Slot[], service: Service): TaskChange[] {
  return slots.flatMap(({ tasks }) => {
    const runs = tasks.some((task) => isLive(task) && isUpToDate(task, service) && task.status.state === 'running');
    if (!runs) return [];
    const old = tasks.filter((task) => isLive(task) && !isUpToDate(task, service));
    return old.map((task): TaskChange => ({ kind: 'desire', task, state: 'shutdown' }));
  });
}

function replacement({ number, tasks }: Slot, { order }: UpdateConfig): TaskChange[] {
  const slot = number === undefined ? {} : { slot: number };
  if (order === 'start-first') return [{ kind: 'create', ...slot, desired: 'running' }];
  const old = tasks.filter(isLive).map((task): TaskChange => ({ kind: 'desire', task, state: 'shutdown' }));
  return [...old, { kind: 'create', ...slot, desired: 'ready' }];
}

/** When the last new task has got to run. */
function lastArrival(slots: readonly Slot[], service: Service): number | undefined {
  const { startedAt = 0 } = service.updateStatus ?? {};
  const times = slots.flatMap(({ tasks }) =>
    tasks.flatMap((task) =>
      task.created >= startedAt && task.specVersion === service.specVersion && task.status.state === 'running'
        ? [task.status.timestamp]
        : [],
    ),
  );
  return times.length === 0 ? undefined : Math.max(...times);
}

/** A new task that has ended too early, when there are more of them than the service bears. */
function earlyFailure({ service, tasks }: PlanInput, slots: readonly Slot[], config: UpdateConfig): Task | undefined {
  const { startedAt = 0 } = service.updateStatus ?? {};
  if (config.failureAction === 'continue') return undefined;
  const monitor = (config.monitor ?? defaultUpdate.monitor ?? 0) / NANOSECONDS_PER_MILLISECOND;
  const early = tasks.filter(
    (task) =>
      task.created >= startedAt &&
      task.specVersion === service.specVersion &&
      ['failed', 'rejected', 'complete'].includes(task.status.state) &&
      task.status.timestamp - (task.startedAt ?? task.created) <= monitor,
  );
  const failing = new Set(early.map(({ slot }) => slot)).size;
  return failing / Math.max(slots.length, 1) > config.maxFailureRatio ? early.at(-1) : undefined;
}

function failed(task: Task, status: UpdateStatus, { failureAction }: UpdateConfig, service: Service): UpdateStep {
  const why = `due to failure or early termination of task ${task.id}`;
  const isRollback = status.state.startsWith('rollback');
  if (failureAction === 'rollback' && !isRollback && service.previousSpec !== undefined) {
    return {
      status: { ...status, state: 'rollback_started', message: `update rolled back ${why}` },
      rollsBack: true,
    };
  }
  const state = isRollback ? 'rollback_paused' : 'paused';
  return { status: { ...status, state, message: `${isRollback ? 'rollback' : 'update'} paused ${why}` } };
}

/** All are new: they are looked at for as long as the service asks, then it is over. */
function completion(input: PlanInput, slots: readonly Slot[], config: UpdateConfig, status: UpdateStatus): Plan {
  const { service, now } = input;
  const changes = finishStarts(slots, service);
  if (slots.some((slot) => isUnderWay(slot, service))) return { changes };
  const waiting = slots.some(({ tasks }) => tasks.some((task) => isLive(task) && task.status.state !== 'running'));
  if (waiting) return { changes };
  const monitor = (config.monitor ?? defaultUpdate.monitor ?? 0) / NANOSECONDS_PER_MILLISECOND;
  const end = Math.max(lastArrival(slots, service) ?? 0, status.startedAt) + (slots.length > 0 ? monitor : 0);
  if (end > now) return { changes, wakeAt: end };
  const isRollback = status.state.startsWith('rollback');
  return {
    changes,
    update: {
      status: {
        ...status,
        state: isRollback ? 'rollback_completed' : 'completed',
        completedAt: now,
        message: isRollback ? 'rollback completed' : 'update completed',
      },
    },
  };
}
