import type { IpAddress } from '@fairlead/base';
import type { DnsTableOptions } from '@fairlead/firewall';
import type { SubnetSource } from '@fairlead/ipam';
import type { TableDefinition } from '@fairlead/netlink';
import type { BridgeCapacity } from './bridge/segments.ts';
import type { IsShared } from './bridge/shared-bridges.ts';
import type { IpamRequest } from './network/network-request.ts';

/** How the predefined network `bridge` is to be. */
export interface DefaultBridge {
  readonly bridge: string;
  readonly ipv6: boolean;
  readonly masquerade: boolean;
  readonly config: readonly IpamRequest[];
  /** Host addresses of published ports that name none, one of each family at most. */
  readonly hostBindings?: readonly IpAddress[];
  /** False keeps its containers from each other; absent means true. */
  readonly icc?: boolean;
}

/** What the operator decides about networking; the daemon fills it from flags and configuration. */
export interface NetworkSettings {
  /** Where subnets that nobody asked for by value come from. */
  readonly sources: readonly SubnetSource[];
  /** Bytes, for networks that do not say otherwise. */
  readonly mtu: number;
  /** Namespaces under `/run/netns` that begin so are ours. */
  readonly namespacePrefix: string;
  /** The predefined network `bridge`; absent when there shall be none. */
  readonly defaultBridge?: DefaultBridge;
  /** Driver options of networks that do not set them, by driver; absent means none. */
  readonly defaultOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** False leaves the host's forwarding as it is; absent means true. */
  readonly forwarding?: boolean;
  /** How many containers a network's bridges have ports for; absent means as the kernel has them. */
  readonly bridgeCapacity?: BridgeCapacity;
  /** Whether another engine of this host takes a bridge for its own; absent means that there is none. */
  readonly isShared?: IsShared;
  /** Whether this machine manages a swarm; while it does not, networks of scope swarm are refused. Absent means never. */
  readonly inSwarm?: () => boolean;
  /** Where subnets of networks of scope swarm come from, in order; absent means as dockerd has them. */
  readonly swarmSources?: () => readonly SubnetSource[];
  /** The host's tables without their elements. */
  readonly hostTables: readonly TableDefinition[];
  /** Whether chains can be called where packets come in by an interface; absent means not. */
  readonly ingress?: boolean;
  /** Text of the host's resolv.conf, read anew each time. */
  readonly hostResolvConf: () => string;
}

/** What tables are like that come and go, as far as the kernel decides. */
export interface TableSettings extends DnsTableOptions {
  /** They are owned by our process. One kernel holds all of them so, or none. */
  readonly protected: boolean;
}

/** The same as with the tables that are always there. */
export function tableSettings({
  hostTables,
  ingress = false,
}: Pick<NetworkSettings, 'hostTables' | 'ingress'>): TableSettings {
  return { protected: hostTables.some((table) => table.protected === true), ingress };
}
