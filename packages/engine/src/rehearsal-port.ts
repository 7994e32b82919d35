import type { ContainerConfig } from './container/configuration/container-config.ts';
import type { ContainerService } from './container/container-port.ts';
import type { NetworkService } from './network-port.ts';

/** An operation on the kernel, for `explain`. */
export interface OperationRecord {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly steps: number;
  readonly microseconds: number;
}

/** What an operation does to the kernel, as commands for a root shell. */
export interface OperationAccount {
  /** In order; what belongs together with what it is for, and the time that the kernel took for it. */
  readonly groups: readonly {
    readonly reason: string;
    readonly microseconds: number;
    readonly commands: readonly string[];
  }[];
  /** What leads back to how things were. */
  readonly undo: readonly string[];
}

/** What an operation would do. What is made up anew each time (names, hardware addresses) is an example. */
export interface RehearsalOutcome extends OperationAccount {
  /** What is no obstacle, but may surprise. */
  readonly warnings: readonly string[];
}

/** What can happen to a container in its life, as far as the network goes. */
export type RehearsedContainers = Pick<
  ContainerService,
  'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'remove'
>;

/**
 * Operations that are tried where they change nothing: they fail as they would in earnest, in the same words. One
 * rehearsal is for one operation.
 */
export interface Rehearsal extends Disposable {
  readonly networks: NetworkService;
  readonly containers: RehearsedContainers;
  /** Create and start a container, as far as the network goes. */
  run(request: ContainerConfig & { readonly name?: string }): Promise<void>;
  outcome(): Promise<RehearsalOutcome>;
}
