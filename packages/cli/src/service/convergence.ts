import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { ProgressDisplay } from '../image/progress-display.ts';
import type { Task } from '../swarm/tasks.ts';
import type { Node } from '../swarm/wire.ts';
import { type Gauge, gaugeOf } from './gauge.ts';
import type { Service } from './wire.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 200;
/** Nanoseconds that tasks have to run for, when the service does not say. */
const defaultMonitor = 5e9;

/**
 * Wait until a service's tasks run as they shall, and have done so for as long as its updates are watched; a job until it
 * is done (docker/cli, cli/command/service/progress).
 *
 * @param target where the progress is drawn; nowhere when absent.
 * @throws FairleadError when an update or its rollback stops.
 */
export async function awaitService(
  engine: Connection,
  name: string,
  target: NodeJS.WriteStream | undefined,
): Promise<void> {
  const display = new ProgressDisplay(target);
  // What has not changed is not drawn again.
  const shown = new Map<string, string>();
  const show = (id: string, status: string): void => {
    if (shown.get(id) === status) return;
    shown.set(id, status);
    display.show(id === '' ? { status } : { id, status });
  };
  let gauge: Gauge | undefined;
  let since: number | undefined;
  for (; ; await sleep(LOOK_MS)) {
    const service = await engine.ask<Service>('GET', `/services/${name}`);
    const { isRollback, isOver } = updateState(service, show);
    if (isOver && since === undefined && gauge !== undefined) return;
    const monitor = (service.Spec.UpdateConfig?.Monitor || defaultMonitor) / 1e6;
    if (since !== undefined && Date.now() - since >= monitor) return show('verify', `Service ${name} converged`);
    gauge ??= gaugeOf(service);
    const { lines, isDone } = gauge(await tasksOf(engine, service), await liveNodes(engine), isRollback);
    for (const { id, status } of lines) show(id, status);
    if (isDone && service.JobStatus !== undefined) return show('', 'job complete');
    if (!isDone && since !== undefined) show('verify', 'Detected task failure');
    since = isDone ? (since ?? Date.now()) : undefined;
    if (since === undefined) continue;
    const seconds = Math.floor((monitor - (Date.now() - since)) / 1000) + 1;
    show('verify', `Waiting ${Math.max(1, seconds)} seconds to verify that tasks are stable...`);
  }
}

function updateState(
  { UpdateStatus: { State, Message = '' } = {} }: Service,
  show: (id: string, status: string) => void,
) {
  if (State === 'paused') throw refusal(`service update paused: ${Message}`);
  if (State === 'rollback_paused') throw refusal(`service rollback paused: ${Message}`);
  const isRollback = State === 'rollback_started' || State === 'rollback_completed';
  if (isRollback && Message !== '') show('rollback', Message);
  return { isRollback, isOver: State === 'completed' || State === 'rollback_completed' };
}

async function tasksOf(engine: Connection, { ID }: Service): Promise<readonly Task[]> {
  const filters = JSON.stringify({ service: [ID], '_up-to-date': ['true'] });
  return await engine.ask<readonly Task[]>('GET', '/tasks', { query: { filters } });
}

async function liveNodes(engine: Connection): Promise<ReadonlySet<string>> {
  const nodes = await engine.ask<readonly Node[]>('GET', '/nodes');
  return new Set(nodes.filter(({ Status }) => Status.State !== 'down').map(({ ID }) => ID));
}
