import { shortIdentifier } from '@fairlead/base';
import { shorten } from '../format/listing.ts';
import type { Task } from '../swarm/tasks.ts';
import type { Service } from './wire.ts';

/** How far a service has come. */
export interface Reading {
  /** What is shown of it, each under its own name. */
  readonly lines: readonly { readonly id: string; readonly status: string }[];
  readonly isDone: boolean;
}

/** Reads how far a service has come from its tasks of the present specification and the nodes that are up. */
export type Gauge = (tasks: readonly Task[], live: ReadonlySet<string>, isRollback: boolean) => Reading;

/** States of a task in the order in which it goes through them; from `complete` on it has ended. */
const states = [
  'new',
  'allocated',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
];
const complete = states.indexOf('complete');
/** More lines than these are not drawn. */
const mostLines = 20;
/** What is shown of an error. */
const errorWidth = 75;

/** What tells how far a service of this mode has come. */
export function gaugeOf({ Spec: { Mode = {} }, JobStatus }: Service): Gauge {
  const iteration = JobStatus?.JobIteration?.Index ?? 0;
  if (Mode.Replicated)
    return (tasks, live, isRollback) => replicated(Mode.Replicated?.Replicas ?? 1, tasks, live, isRollback);
  if (Mode.Global) return global;
  if (Mode.ReplicatedJob) {
    const { MaxConcurrent, TotalCompletions } = Mode.ReplicatedJob;
    const [concurrent, total] = [MaxConcurrent ?? 1, TotalCompletions ?? 1];
    return (tasks) => replicatedJob(concurrent, total, ofIteration(tasks, iteration));
  }
  return (tasks, live) => globalJob(ofIteration(tasks, iteration), live);
}

function replicated(count: number, tasks: readonly Task[], live: ReadonlySet<string>, isRollback: boolean): Reading {
  const current = foremost(
    tasks.filter(({ NodeID }) => !NodeID || live.has(NodeID)),
    ({ Slot = 0 }) => Slot,
  );
  const running = current.filter(isRunning).length;
  // Slots may have gaps after tasks were scaled away; what is shown counts on.
  const own = current.map((task, at) => line(task, `${at + 1}/${count}`)).slice(0, count);
  const missing = Array.from({ length: Math.max(0, count - own.length) }, (_, at) => ({
    id: `${own.length + at + 1}/${count}`,
    status: ' ',
  }));
  return {
    lines: [overall(running, count, isRollback), ...(count > mostLines ? [] : [...own, ...missing])],
    isDone: running === count,
  };
}

function global(tasks: readonly Task[], live: ReadonlySet<string>, isRollback: boolean): Reading {
  const current = foremost(tasks, ({ NodeID = '' }) => NodeID);
  if (current.length === 0)
    return { lines: [{ id: 'overall progress', status: 'waiting for new tasks' }], isDone: false };
  const running = current.filter((task) => live.has(task.NodeID ?? '') && isRunning(task)).length;
  const own = current.map((task) => line(task, shortIdentifier(task.NodeID ?? '')));
  return {
    lines: [overall(running, current.length, isRollback), ...(current.length > mostLines ? [] : own)],
    isDone: running === current.length,
  };
}

function replicatedJob(concurrent: number, total: number, tasks: readonly Task[]): Reading {
  const current = lowest(tasks);
  const done = current.filter(({ Status }) => Status.State === 'complete').length;
  const active = current.filter(({ Status }) => states.indexOf(Status.State) < complete).length;
  const wanted = Math.min(total - done, concurrent);
  const own = current.map((task) => line(task, `${(task.Slot ?? 0) + 1}/${total}`));
  return {
    lines: [
      { id: 'job progress', status: `${String(done).padStart(String(total).length)} out of ${total} complete` },
      { id: 'active tasks', status: `${pad(active, concurrent)} out of ${pad(wanted, concurrent)} tasks` },
      ...(total > mostLines ? [] : own),
    ],
    isDone: done === total,
  };
}

function globalJob(tasks: readonly Task[], live: ReadonlySet<string>): Reading {
  const current = foremost(tasks, ({ NodeID = '' }) => NodeID).filter(({ NodeID }) => live.has(NodeID ?? ''));
  const done = current.filter(({ Status }) => Status.State === 'complete').length;
  const own = current.map((task) => line(task, shortIdentifier(task.NodeID ?? '')));
  return {
    lines: [
      { id: 'overall progress', status: `${done} out of ${current.length} tasks` },
      ...(current.length > mostLines ? [] : own),
    ],
    isDone: current.length > 0 && done === current.length,
  };
}

function pad(value: number, widest: number): string {
  return String(value).padStart(String(widest).length);
}

function overall(running: number, count: number, isRollback: boolean) {
  const status = `${running} out of ${count} tasks`;
  return { id: 'overall progress', status: isRollback ? `rolling back update: ${status}` : status };
}

function line({ Status }: Task, id: string): { readonly id: string; readonly status: string } {
  const status = Status.Err ? shorten(Status.Err.replaceAll('\n', ' '), errorWidth) : Status.State;
  return { id, status };
}

function isRunning({ DesiredState, Status }: Task): boolean {
  return states.indexOf(DesiredState) < complete && Status.State === 'running';
}

function ofIteration(tasks: readonly Task[], iteration: number): Task[] {
  return tasks.filter(({ JobIteration }) => (JobIteration?.Index ?? 0) === iteration);
}

/** Of each place the task that is to stay, and of two such the one that has not come as far. */
function foremost(tasks: readonly Task[], place: (task: Task) => string | number): Task[] {
  const rank = ({ DesiredState, Status }: Task) =>
    states.indexOf(DesiredState) * states.length + states.indexOf(Status.State);
  return oneOfEach(tasks, place, rank);
}

/** Of each slot the task that has come least far. */
function lowest(tasks: readonly Task[]): Task[] {
  return oneOfEach(
    tasks,
    ({ Slot = 0 }) => Slot,
    ({ Status }) => states.indexOf(Status.State),
  );
}

function oneOfEach(
  tasks: readonly Task[],
  place: (task: Task) => string | number,
  rank: (task: Task) => number,
): Task[] {
  const known = tasks.filter(({ DesiredState, Status }) =>
    [DesiredState, Status.State].every((state) => states.includes(state)),
  );
  const byPlace = Map.groupBy(known, place);
  return [...byPlace]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, all]) => all.toSorted((left, right) => rank(left) - rank(right)).slice(0, 1));
}
