import type { Swarm, SwarmEvent } from '@fairlead/swarm';
import { rig } from '@fairlead/swarm/testing';

/** A swarm as it really is, in memory, on a machine with one address and containers that are none. */
export function fakeSwarm(emit: (event: SwarmEvent) => void): Swarm {
  return rig(undefined, emit).swarm;
}
