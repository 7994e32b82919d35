import type { InitRequest, Manager, SwarmStatus } from '@fairlead/swarm';

/** The swarm that this machine is in, or may come to be in. */
export interface SwarmService {
  readonly status: SwarmStatus;
  /** What only a manager does. @throws FairleadError `unavailable` in dockerd's words where this machine is none. */
  manager(): Manager;
  /** Make a swarm of this machine. @returns the ID of its node. */
  init(request: InitRequest): Promise<string>;
  /** @throws FairleadError always: a swarm is one machine. */
  join(): never;
  /** Forget the swarm and all that is in it; its tasks end. */
  leave(force: boolean): Promise<void>;
  /** Give the key of a swarm that has locked itself. @throws FairleadError in dockerd's words. */
  unlock(key: string): void;
}

/** What can be told of the swarm without loading anything of it. */
export type { SwarmStatus };
