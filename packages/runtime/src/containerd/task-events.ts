import { setTimeout as sleep } from 'node:timers/promises';
import { EventsDefinition } from '../gen/events.ts';
import {
  TaskDelete,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '../gen/task_events.ts';
import type { Envelope } from '../gen/types.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';
import { GrpcStatus, hasStatus } from '../grpc/status.ts';
import { toDate } from './timestamp.ts';

const rpc = methodsOf(EventsDefinition);

/**
 * Something that happened to a container's process. `execId` is '' for the container's first process.
 *
 * `subscribed` comes first, and again after containerd was lost and found: events between are not repeated, so that
 * is the moment to list the tasks and look.
 */
export type TaskEvent =
  | { readonly kind: 'subscribed' }
  | ({ readonly kind: 'started'; readonly execId: string; readonly pid: number } & TaskEventBase)
  | ({
      readonly kind: 'exited' | 'deleted';
      readonly execId: string;
      readonly pid: number;
      readonly code: number;
      readonly exitedAt: Date;
    } & TaskEventBase)
  | ({ readonly kind: 'out-of-memory' | 'paused' | 'resumed' } & TaskEventBase);

/** What every event has. */
export type TaskEventBase = { readonly containerId: string; readonly at: Date };

const firstDelay = 10;
const longestDelay = 500;

/**
 * The task events of one containerd namespace, without end: a lost connection is taken up again. Ends when `signal`
 * fires or the loop is left.
 */
export async function* taskEvents(
  channel: GrpcChannel,
  namespace: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<TaskEvent, void, undefined> {
  const filters = [`namespace==${namespace},topic~="^/tasks/"`];
  let delay = firstDelay;
  while (!options.signal?.aborted) {
    const envelopes = channel.serverStream(rpc.subscribe, { filters }, options);
    yield { kind: 'subscribed' };
    try {
      for await (const envelope of envelopes) {
        delay = firstDelay;
        const event = toTaskEvent(envelope);
        if (event) yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!hasStatus(error, GrpcStatus.unavailable)) throw error;
    }
    await sleep(delay, undefined, options).catch(() => {});
    delay = Math.min(delay * 2, longestDelay);
  }
}

/** The event in an envelope; undefined for kinds that nobody here waits for. */
function toTaskEvent(envelope: Envelope): TaskEvent | undefined {
  const decode = decoders[envelope.topic];
  return decode && envelope.event ? decode(toDate(envelope.timestamp), envelope.event.value) : undefined;
}

const decoders: Readonly<Record<string, (at: Date, bytes: Uint8Array) => TaskEvent>> = {
  '/tasks/start': (at, bytes) => {
    const { containerId, pid } = TaskStart.decode(bytes);
    return { kind: 'started', at, containerId, execId: '', pid };
  },
  '/tasks/exec-started': (at, bytes) => {
    const { containerId, execId, pid } = TaskExecStarted.decode(bytes);
    return { kind: 'started', at, containerId, execId, pid };
  },
  '/tasks/exit': (at, bytes) => ended('exited', at, TaskExit.decode(bytes)),
  '/tasks/delete': (at, bytes) => ended('deleted', at, TaskDelete.decode(bytes)),
  '/tasks/oom': (at, bytes) => ({ kind: 'out-of-memory', at, ...container(TaskOOM.decode(bytes)) }),
  '/tasks/paused': (at, bytes) => ({ kind: 'paused', at, ...container(TaskPaused.decode(bytes)) }),
  '/tasks/resumed': (at, bytes) => ({ kind: 'resumed', at, ...container(TaskResumed.decode(bytes)) }),
};

function container(message: { containerId: string }): { containerId: string } {
  return { containerId: message.containerId };
}

function ended(
  kind: 'exited' | 'deleted',
  at: Date,
  message: {
    containerId: string;
    id: string;
    pid: number;
    exitStatus: number;
    exitedAt?: Parameters<typeof toDate>[0];
  },
): TaskEvent {
  const { containerId, id, pid, exitStatus: code } = message;
  // The first process carries its container's id, or none.
  const execId = id === containerId ? '' : id;
  return { kind, at, containerId, execId, pid, code, exitedAt: toDate(message.exitedAt) };
}
