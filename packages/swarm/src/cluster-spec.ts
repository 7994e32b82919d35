import { FairleadError } from '@fairlead/base';
import type { Cluster, ClusterSpec } from './model.ts';
import { refusal } from './refusal.ts';

/** What somebody asks the swarm to be like; what is absent or zero is left open. */
export interface ClusterRequest {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly orchestration?: { readonly taskHistoryRetentionLimit?: number };
  readonly raft?: Partial<ClusterSpec['raft']>;
  readonly dispatcher?: { readonly heartbeatPeriod?: number };
  readonly authority?: {
    readonly nodeCertExpiry?: number;
    readonly externalCas?: readonly unknown[];
    readonly signingCert?: string;
    readonly signingKey?: string;
    readonly forceRotate?: number;
  };
  readonly encryption?: { readonly autoLockManagers?: boolean };
}

/** Which secrets of the swarm are to be made anew. */
export interface Rotation {
  readonly workerToken: boolean;
  readonly managerToken: boolean;
  readonly unlockKey: boolean;
}

/** A swarm's for which nobody says anything else (swarmkit, manager/manager.go). */
export const defaultClusterSpec: ClusterSpec = {
  name: 'default',
  labels: {},
  orchestration: { taskHistoryRetentionLimit: 5 },
  raft: {
    snapshotInterval: 10_000,
    keepOldSnapshots: 0,
    logEntriesForSlowFollowers: 500,
    electionTick: 10,
    heartbeatTick: 1,
  },
  dispatcher: { heartbeatPeriod: 5_000_000_000 },
  authority: { nodeCertExpiry: 7_776_000_000_000_000, forceRotate: 0 },
  encryption: { autoLockManagers: false },
};

/** What an update begins with: it says all, and what it leaves out is zero. */
export const emptyClusterSpec: ClusterSpec = {
  ...defaultClusterSpec,
  orchestration: { taskHistoryRetentionLimit: 0 },
  raft: {
    snapshotInterval: 0,
    keepOldSnapshots: 0,
    logEntriesForSlowFollowers: 0,
    electionTick: 0,
    heartbeatTick: 0,
  },
  dispatcher: { heartbeatPeriod: 0 },
  authority: { nodeCertExpiry: 0, forceRotate: 0 },
};

/** Certificates are not good for less, in nanoseconds. */
const MINIMUM_EXPIRY = 3_600_000_000_000;

/**
 * A specification with what a request says in the place of what was there.
 *
 * @throws FairleadError `invalid-argument` in swarmkit's words.
 */
export function mergedClusterSpec(base: ClusterSpec, request: ClusterRequest): ClusterSpec {
  const { orchestration, raft = {}, dispatcher, authority, encryption } = request;
  const expiry = authority?.nodeCertExpiry || base.authority.nodeCertExpiry;
  if (expiry !== 0 && expiry < MINIMUM_EXPIRY)
    throw refusal('invalid-argument', 'minimum certificate expiry time is: 1h0m0s');
  const period = dispatcher?.heartbeatPeriod || base.dispatcher.heartbeatPeriod;
  if (period < 0) throw refusal('invalid-argument', 'heartbeat time period cannot be a negative duration');
  const asked = Object.fromEntries(Object.entries(raft).filter(([, value]) => value !== 0));
  return {
    name: base.name,
    labels: Object.keys(request.labels ?? {}).length > 0 ? (request.labels ?? {}) : base.labels,
    orchestration: { ...base.orchestration, ...orchestration },
    raft: { ...base.raft, ...asked },
    dispatcher: { heartbeatPeriod: period },
    authority: { nodeCertExpiry: expiry, forceRotate: authority?.forceRotate ?? 0 },
    encryption: { autoLockManagers: encryption?.autoLockManagers ?? false },
  };
}

/** True when the root certificate has to be replaced. */
export function asksForNewRoot(cluster: Cluster, spec: ClusterSpec, request: ClusterRequest): boolean {
  const { signingCert = '' } = request.authority ?? {};
  const isForced = spec.authority.forceRotate !== cluster.spec.authority.forceRotate;
  return signingCert === '' ? isForced : signingCert.trim() !== cluster.rootCertificate.trim();
}

/** @throws FairleadError `invalid-argument` for any other name than the one that there is. */
export function requireName({ name = '' }: ClusterRequest): void {
  if (name !== '' && name !== 'default')
    throw new FairleadError('invalid-argument', 'swarm spec must be named "default"');
}
