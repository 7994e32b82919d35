import type { Annotations, SwarmObject } from '../model.ts';
import type { NetworkAttachmentConfig, TaskSpec } from '../task/task-spec.ts';

/** A port of a service. */
export interface PortConfig {
  readonly name?: string;
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
  readonly targetPort?: number;
  /** Absent: the swarm chooses one. */
  readonly publishedPort?: number;
  /** `ingress` goes to all tasks from one port of the host, `host` to the one task that is there. */
  readonly publishMode?: 'ingress' | 'host';
}

/** How a service is reached. */
export interface EndpointSpec {
  readonly mode?: 'vip' | 'dnsrr';
  readonly ports?: readonly PortConfig[];
}

/** How an update goes. Durations are nanoseconds. */
export interface UpdateConfig {
  /** Tasks at once; 0 means all. */
  readonly parallelism: number;
  readonly delay?: number;
  readonly failureAction?: 'pause' | 'continue' | 'rollback';
  /** How long a new task is looked at for failures. */
  readonly monitor?: number;
  readonly maxFailureRatio: number;
  readonly order: 'stop-first' | 'start-first' | '';
}

/** Which tasks there are; one of the four. */
export interface ServiceMode {
  readonly replicated?: { readonly replicas?: number };
  readonly global?: Readonly<Record<never, never>>;
  readonly replicatedJob?: { readonly maxConcurrent?: number; readonly totalCompletions?: number };
  readonly globalJob?: Readonly<Record<never, never>>;
}

/** What a service is to be like. */
export interface ServiceSpec extends Annotations {
  readonly taskTemplate: TaskSpec;
  readonly mode: ServiceMode;
  readonly updateConfig?: UpdateConfig;
  readonly rollbackConfig?: UpdateConfig;
  /** Where older clients say what belongs into the template. */
  readonly networks?: readonly NetworkAttachmentConfig[];
  readonly endpointSpec?: EndpointSpec;
}

/** Where the update of a service is. */
export interface UpdateStatus {
  readonly state: 'updating' | 'paused' | 'completed' | 'rollback_started' | 'rollback_paused' | 'rollback_completed';
  readonly startedAt: number;
  readonly completedAt?: number;
  readonly message: string;
}

/** A service as it is stored. */
export interface Service extends SwarmObject {
  readonly spec: ServiceSpec;
  /** Version of the swarm in which `spec` became what it is: tasks tell by it whether they are up to date. */
  readonly specVersion: number;
  readonly previousSpec?: ServiceSpec;
  readonly updateStatus?: UpdateStatus;
  /** Ports as they are published, with those that the swarm has chosen. */
  readonly ports: readonly PortConfig[];
  /** Addresses with prefix that stand for all tasks, by network ID. */
  readonly virtualIps: readonly { readonly networkId: string; readonly address: string }[];
  /** Of a job: which run of it is on. */
  readonly jobIteration?: number;
  /** Of a job: when its last run was begun. */
  readonly lastExecution?: number;
  /** Somebody has removed it: its tasks are brought to an end. */
  readonly removed?: true;
  /** What a registry is told that has the image. */
  readonly registryAuth?: string;
}
