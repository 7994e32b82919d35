import type { Connection } from '../connection/connection.ts';
import type { Cluster, ClusterSpec } from './wire.ts';

/** What is made anew together with a change. */
interface Rotation {
  readonly rotateWorkerToken?: boolean;
  readonly rotateManagerToken?: boolean;
  readonly rotateManagerUnlockKey?: boolean;
}

/** Change the swarm as it is now. @returns what it was before. */
export async function changeCluster(
  engine: Connection,
  change: (cluster: Cluster) => ClusterSpec,
  rotation: Rotation = {},
): Promise<Cluster> {
  const cluster = await engine.ask<Cluster>('GET', '/swarm');
  const query = {
    version: cluster.Version.Index,
    rotateWorkerToken: false,
    rotateManagerToken: false,
    rotateManagerUnlockKey: false,
    ...rotation,
  };
  await engine.ask('POST', '/swarm/update', { query, body: change(cluster) });
  return cluster;
}
