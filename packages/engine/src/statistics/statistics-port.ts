import type { TaskMetrics } from '@fairlead/runtime';

/** Traffic of one interface since it was made. */
export interface LinkCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receiveErrors: number;
  readonly receiveDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sendErrors: number;
  readonly sendDropped: number;
}

/** The time that all processors have spent, at work or idle. */
export interface ProcessorTime {
  /** Nanoseconds of all processors together. */
  readonly nanoseconds: number;
  readonly online: number;
}

/** What a running container had used at one moment. */
export interface StatisticsSample {
  readonly metrics: TaskMetrics;
  readonly processors: ProcessorTime;
  /** Of the container's own interfaces; `undefined` when it uses the host's network. */
  readonly links: readonly LinkCounters[] | undefined;
  /** Bytes that the machine has. */
  readonly machineMemory: number;
}

/** One answer: rates are worked out from the difference to the sample before. */
export interface ContainerStatistics {
  readonly id: string;
  readonly name: string;
  /** `undefined` while the container does not run. */
  readonly current: StatisticsSample | undefined;
  readonly previous: StatisticsSample | undefined;
}

/** How statistics are wanted. */
export interface StatisticsOptions {
  /** One answer each second until the container is removed; otherwise one. */
  readonly stream: boolean;
  /** Answer at once, without a sample before. */
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
}
