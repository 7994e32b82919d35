import type { Stored } from '@fairlead/store';
import type { Sealed } from './vault.ts';

/** What every object of a swarm has. */
export interface SwarmObject extends Stored {
  /** Counts the changes of the whole swarm; who changes an object says which version he has read. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly updated: number;
}

/** Name and labels of an object. */
export interface Annotations {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something by name with options: a driver of logs, of networks, of templates. */
export interface Driver {
  readonly name?: string;
  readonly options?: Readonly<Record<string, string>>;
}

/** What the swarm as a whole is to be like. Durations are nanoseconds, as in Docker's API. */
export interface ClusterSpec extends Annotations {
  readonly orchestration: {
    /** Ended tasks that are remembered for each slot. */
    readonly taskHistoryRetentionLimit: number;
  };
  /** Of a log that managers agree on: kept and shown. One manager has nobody to agree with. */
  readonly raft: {
    readonly snapshotInterval: number;
    readonly keepOldSnapshots: number;
    readonly logEntriesForSlowFollowers: number;
    readonly electionTick: number;
    readonly heartbeatTick: number;
  };
  readonly dispatcher: { readonly heartbeatPeriod: number };
  readonly authority: {
    readonly nodeCertExpiry: number;
    /** Goes up when the root certificate is to be replaced. */
    readonly forceRotate: number;
  };
  readonly encryption: { readonly autoLockManagers: boolean };
}

/** The swarm as it is stored. */
export interface Cluster extends SwarmObject {
  readonly spec: ClusterSpec;
  /** ID of the node that this machine is. */
  readonly nodeId: string;
  /** `ADDRESS:PORT`, as others would reach it. */
  readonly advertiseAddress: string;
  readonly listenAddress: string;
  /** Pools that overlay networks get their subnets from; absent means the default. */
  readonly addressPools?: readonly string[];
  /** Length of those subnets' prefixes. */
  readonly subnetSize: number;
  /** UDP port of VXLAN between nodes. */
  readonly dataPathPort: number;
  /** PEM of the root certificate. */
  readonly rootCertificate: string;
  /** PEM of its key. */
  readonly rootKey: Sealed;
  readonly joinTokens: { readonly worker: Sealed; readonly manager: Sealed };
  /** What somebody has asked for and is not done yet: its networks are to be made, or all of it is to be taken away. */
  readonly pending?: 'beginning' | 'leaving';
}

/** Whether tasks may run on a node. */
export type Availability = 'active' | 'pause' | 'drain';
/** What a node is in the swarm. */
export type NodeRole = 'worker' | 'manager';

/** What a node is to be like. */
export interface NodeSpec {
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly role: NodeRole;
  readonly availability: Availability;
}

/** What a node says of itself. */
export interface NodeDescription {
  readonly hostname: string;
  readonly architecture: string;
  readonly os: string;
  readonly nanoCpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly engineVersion: string;
  readonly engineLabels: Readonly<Record<string, string>>;
  readonly plugins: readonly { readonly type: string; readonly name: string }[];
}

/** A node as it is stored. */
export interface SwarmNode extends SwarmObject {
  readonly spec: NodeSpec;
  readonly description: NodeDescription;
  /** Address without port. */
  readonly address: string;
}

/** What a secret or a config is to be like. */
export interface PayloadSpec extends Annotations {
  /** Base64; absent for a secret whose driver has it. */
  readonly data?: string;
  readonly driver?: Driver;
  readonly templating?: Driver;
}

/** A secret as it is stored. */
export interface Secret extends SwarmObject {
  readonly spec: Omit<PayloadSpec, 'data'>;
  readonly data?: Sealed;
}

/** A config as it is stored. */
export interface Config extends SwarmObject {
  readonly spec: PayloadSpec;
}

/** Something that happened to an object of the swarm. */
export interface SwarmEvent {
  readonly type: 'node' | 'service' | 'secret' | 'config';
  readonly action: 'create' | 'update' | 'remove';
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}
