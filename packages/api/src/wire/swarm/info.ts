import type { SwarmService } from '@fairlead/engine';
import { presentCluster } from './cluster.ts';

/** `Swarm` in the answer to `GET /info`, of a machine that is in one. */
export function presentSwarmInfo(swarm: SwarmService) {
  if (swarm.status !== 'active') return { ...nothing, LocalNodeState: swarm.status };
  const { cluster, issuer } = swarm.manager().inspect();
  const nodes = swarm.manager().nodes.list();
  const [self] = nodes;
  return {
    NodeID: cluster.nodeId,
    NodeAddr: self?.node.address ?? '',
    LocalNodeState: 'active',
    ControlAvailable: true,
    Error: '',
    RemoteManagers: [{ NodeID: cluster.nodeId, Addr: cluster.advertiseAddress }],
    Nodes: nodes.length,
    Managers: nodes.length,
    Cluster: presentCluster(cluster, issuer),
  };
}

const nothing = { NodeID: '', NodeAddr: '', ControlAvailable: false, Error: '', RemoteManagers: null };
