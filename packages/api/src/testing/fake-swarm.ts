import { Store } from '@fairlead/store';
import { Swarm, type SwarmEvent } from '@fairlead/swarm';

/** A swarm as it really is, in memory, on a machine with one address. */
export function fakeSwarm(emit: (event: SwarmEvent) => void): Swarm {
  const eth0 = { interface: 'eth0', address: '192.0.2.1', isLoopback: false, isVirtual: false, isManaged: false };
  return new Swarm({
    store: Store.open(':memory:'),
    addresses: () => [eth0],
    describe: async () => ({
      ...{ hostname: 'fake', architecture: 'x86_64', os: 'linux', nanoCpus: 2e9, memory: 4e9 },
      ...{ engineVersion: '0.0.0', engineLabels: {}, plugins: [] },
    }),
    emit,
  });
}
