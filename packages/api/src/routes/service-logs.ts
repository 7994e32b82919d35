import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError } from '@fairlead/base';
import type { EnginePort, LogLine, LogOptions, TaskView } from '@fairlead/engine';
import { type ApiRequest, flag } from '../http/request.ts';
import { type ApiResponse, stream } from '../http/response.ts';
import { untilGone } from '../http/until-gone.ts';
import { logFrames } from '../wire/log-frames.ts';
import { streamMediaType } from '../wire/media-type.ts';
import { FollowedLogs, mergedInTime } from '../wire/merged-lines.ts';
import { logOptions } from './container-streams.ts';

/** Milliseconds after which somebody who follows hears of new tasks. */
const LOOK_MS = 500;

/** A task, as far as its log goes. */
export interface LoggedTask {
  readonly task: Pick<TaskView['task'], 'id' | 'nodeId' | 'serviceId'> & {
    readonly status: Pick<TaskView['task']['status'], 'state' | 'containerId'>;
  };
}

/** Who reads logs. */
type LogSource = Pick<EnginePort['containers'], 'logs'>;

/** A container that was not started yet has a log that is at its end: who followed it then would hear nothing of what comes. */
const beforeRunning: ReadonlySet<LoggedTask['task']['status']['state']> = new Set([
  'new',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
]);

/**
 * What tasks have written, each line with the task that it is from: clients tell them apart by that.
 *
 * @param tasks that there are by now; somebody who follows hears of those that come later, too.
 */
export async function serviceLogs(
  { containers }: { readonly containers: LogSource },
  request: ApiRequest,
  tasks: () => readonly LoggedTask[],
  tty: boolean,
): Promise<ApiResponse> {
  const options = logOptions(request);
  const format = { tty, timestamps: flag(request, 'timestamps'), details: flag(request, 'details') };
  const read = async (view: LoggedTask) => linesOf(containers, view, options);
  const lines = merged(tasks, read, options.follow, request.signal);
  const frames = (async function* () {
    for await (const batch of untilGone(lines, request.signal)) if (batch.length > 0) yield logFrames(batch, format);
  })();
  return stream(frames, streamMediaType(tty, request.version));
}

async function linesOf(
  containers: LogSource,
  { task }: LoggedTask,
  options: LogOptions,
): Promise<AsyncIterable<readonly LogLine[]>> {
  const { lines } = await containers.logs(task.status.containerId ?? '', options);
  const attributes = {
    'com.docker.swarm.node.id': task.nodeId ?? '',
    'com.docker.swarm.service.id': task.serviceId,
    'com.docker.swarm.task.id': task.id,
  };
  return (async function* () {
    for await (const batch of lines) {
      yield batch.map((line) => ({ ...line, attributes: { ...line.attributes, ...attributes } }));
    }
  })();
}

/** All logs as one: those that are over in the order of their times, others as their lines come. */
async function* merged(
  tasks: () => readonly LoggedTask[],
  read: (view: LoggedTask) => Promise<AsyncIterable<readonly LogLine[]>>,
  follows: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly LogLine[]> {
  const withContainer = () => tasks().filter(({ task }) => task.status.containerId !== undefined);
  const started = () => withContainer().filter(({ task }) => !beforeRunning.has(task.status.state));
  if (!follows) return yield* mergedInTime(await Promise.all(withContainer().map((view) => readOrNothing(read, view))));
  const known = new Set<string>();
  const logs = new FollowedLogs();
  while (!signal.aborted) {
    for (const view of started().filter(({ task }) => !known.has(task.id))) {
      known.add(view.task.id);
      logs.add(untilGone(await readOrNothing(read, view), signal));
    }
    yield logs.take();
    await Promise.race([logs.news, sleep(LOOK_MS, undefined, { signal }).catch(() => {})]);
  }
}

/** A task whose container has gone has no lines any more. */
async function readOrNothing(
  read: (view: LoggedTask) => Promise<AsyncIterable<readonly LogLine[]>>,
  view: LoggedTask,
): Promise<AsyncIterable<readonly LogLine[]>> {
  try {
    return await read(view);
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'not-found') return (async function* () {})();
    throw error;
  }
}
