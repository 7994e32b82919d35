import type { Service } from '../service/service-model.ts';
import type { Task, TaskStatus } from './task-model.ts';
import type { FileTarget, TaskSpec } from './task-spec.ts';

/** The container of a task as it is now. */
export interface TaskContainer {
  readonly id: string;
  readonly state: 'created' | 'running' | 'ended';
  /** 0 when no process runs. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why its last start failed; '' when it did not. */
  readonly error: string;
  /** Absent where nothing checks it. */
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  /** What it is reached by; looked up when somebody asks. */
  reached?(): Required<Pick<TaskStatus, 'ports' | 'attachments'>>;
}

/** A file that a task finds in its container. */
export interface TaskFile {
  readonly kind: 'secret' | 'config';
  readonly target: FileTarget;
  readonly data: Uint8Array;
}

/** A network that a task is on. */
export interface TaskNetwork {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
}

/** What the container of a task is to be. */
export interface TaskOrder {
  readonly task: Task;
  readonly service: Service;
  /** `web.1.ID`. */
  readonly name: string;
  /** With what templates stand for. */
  readonly spec: TaskSpec;
  readonly networks: readonly TaskNetwork[];
  readonly files: readonly TaskFile[];
}

/** Who carries tasks out: the engine, whose ordinary containers they are. */
export interface TaskRuntime {
  /** The container of a task, by the task's own name; absent when there is none. */
  look(task: Task, name: string): TaskContainer | undefined;
  /** Make it, with its image from a registry where the engine has none. @returns its ID. */
  prepare(order: TaskOrder): Promise<string>;
  start(container: string): Promise<void>;
  /** Resolves when it does not run; harmless when it has never run, or is not there. */
  stop(container: string): Promise<void>;
  /** Take it away with its anonymous volumes and its files; harmless when it is not there. */
  remove(task: Task, container: string): Promise<void>;
}

/** The network as services need it. */
export interface ServiceNetworks {
  /** @throws FairleadError in dockerd's words when there is none, or one that services cannot be on. */
  resolve(reference: string): { readonly id: string; readonly name: string; readonly isOverlay: boolean };
  /** Keep an address on a network for a service. @returns addresses with prefix. */
  hold(network: string, service: string): readonly string[];
  /** The network by which published ports come; absent when somebody has removed it. */
  ingress(): string | undefined;
  /** Bring names, addresses and ports of a service to what they shall be. */
  set(service: Service, backends: readonly string[]): Promise<void>;
  remove(service: string): Promise<void>;
  /** IDs of services that it has been told of, also by a daemon before this one. */
  known(): readonly string[];
  /** Make the network by which published ports come. */
  makeIngress(): Promise<void>;
  /** Take the swarm's networks away. */
  removeAll(): Promise<void>;
}
