import { silentLogger } from '@fairlead/base';
import { Store } from '@fairlead/store';
import type { SwarmEvent } from '../model.ts';
import { type InitRequest, Swarm } from '../swarm.ts';
import { FakeRuntime, FakeServiceNetworks } from './fake-runtime.ts';

/** A request that leaves everything to the swarm. */
export const emptyRequest: InitRequest = {
  ...{ listenAddress: '0.0.0.0:2377', advertiseAddress: '', dataPathAddress: '', dataPathPort: 0 },
  ...{ addressPools: [], subnetSize: 0, forceNewCluster: false, availability: '', spec: {} },
};

/** Nothing is made anew. */
export const noRotation = { workerToken: false, managerToken: false, unlockKey: false };

/** A swarm on a machine with one address, and what it has told. */
export function rig(store = Store.open(':memory:'), emit: (event: SwarmEvent) => void = () => {}) {
  const events: SwarmEvent[] = [];
  const [runtime, networks] = [new FakeRuntime(), new FakeServiceNetworks()];
  const eth0 = { interface: 'eth0', address: '192.0.2.1', isLoopback: false, isVirtual: false, isManaged: false };
  const swarm = new Swarm({
    store,
    addresses: () => [eth0],
    describe: async () => ({
      ...{ hostname: 'fake', architecture: 'x86_64', os: 'linux', nanoCpus: 2e9, memory: 4e9 },
      ...{ engineVersion: '0.0.0', engineLabels: {}, plugins: [] },
    }),
    emit: (event) => {
      events.push(event);
      emit(event);
    },
    ...{ runtime, networks, logger: silentLogger, inventName: () => 'named' },
  });
  runtime.onChange = () => swarm.wake();
  return { swarm, events, runtime, networks };
}
