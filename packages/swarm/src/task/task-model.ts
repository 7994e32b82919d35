import type { SwarmObject } from '../model.ts';
import type { TaskSpec } from './task-spec.ts';

/** Where a task is in its life, in the order in which it goes (swarmkit, api/types.proto). */
export const taskStates = [
  'new',
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
  'remove',
  'orphaned',
] as const;

/** Where a task is, or is to be. */
export type TaskState = (typeof taskStates)[number];

/** A port of the host that is a task's own. */
export interface TaskPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly targetPort: number;
  /** The one that it has got, where any was asked for. */
  readonly publishedPort: number;
}

/** A network that a task has been on. */
export interface TaskAttachment {
  readonly networkId: string;
  /** With prefix. */
  readonly addresses: readonly string[];
}

/** What is known of a task. */
export interface TaskStatus {
  readonly state: TaskState;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
  readonly error?: string;
  readonly containerId?: string;
  readonly pid?: number;
  readonly exitCode?: number;
  /** What it was reached by when it got to run. */
  readonly ports?: readonly TaskPort[];
  readonly attachments?: readonly TaskAttachment[];
}

/** One container that a service asks for, as it is stored. */
export interface Task extends SwarmObject {
  readonly serviceId: string;
  /** From 1 on; absent for tasks that each node has one of. */
  readonly slot?: number;
  /** Absent until there is a node for it. */
  readonly nodeId?: string;
  readonly spec: TaskSpec;
  /** {@link Service.specVersion} of what it was made from. */
  readonly specVersion: number;
  readonly status: TaskStatus;
  readonly desiredState: TaskState;
  /** Not to be started before; milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly jobIteration?: number;
  /** Ports of the host that were its own when it was made. */
  readonly endpoint: string;
  /** When its container was started; milliseconds since the epoch. */
  readonly startedAt?: number;
}

/** True when `state` comes after `other` in a task's life. */
export function isBeyond(state: TaskState, other: TaskState): boolean {
  return taskStates.indexOf(state) > taskStates.indexOf(other);
}

/** True for a task whose container has ended, or that never gets one. */
export function hasEnded({ status }: Pick<Task, 'status'>): boolean {
  return isBeyond(status.state, 'running');
}
