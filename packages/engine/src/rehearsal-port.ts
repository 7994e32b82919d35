import type { ContainerConfig } from './model.ts';
import type { NetworkService } from './network-port.ts';

/** What an operation would do to the kernel. */
export interface RehearsalOutcome {
  /** Runnable commands that do the same. What is made up anew each time (names, hardware addresses) is an example. */
  readonly commands: readonly string[];
  /** What is no obstacle, but may surprise. */
  readonly warnings: readonly string[];
}

/**
 * Operations that are tried where they change nothing: they fail as they would in earnest, in the same words. One
 * rehearsal is for one operation.
 */
export interface Rehearsal extends Disposable {
  readonly networks: NetworkService;
  /** Create and start a container, as far as the network goes. */
  run(request: ContainerConfig & { readonly name?: string }): Promise<void>;
  outcome(): Promise<RehearsalOutcome>;
}
