import type { Prefix } from '@fairlead/base';
import type { SubnetSource } from '@fairlead/ipam';
import type { LinkKind } from '../kernel-port.ts';
import type { Network, SubnetConfig } from '../model.ts';

/** What a new network is decided from beside its request. */
export interface NetworkSurroundings {
  readonly networks: Iterable<Network>;
  readonly sources: readonly SubnetSource[];
  /** Where networks of scope swarm get theirs; absent while this machine manages no swarm. */
  readonly swarmSources?: readonly SubnetSource[];
  /** Subnets that cannot be had; absent means those of `networks`. */
  readonly taken?: readonly SubnetConfig[];
  /** Destinations of the host's routes and its name servers; asked only when a subnet has to be chosen. */
  readonly reserved: () => readonly Prefix[];
  /** Bytes, unless the network says otherwise. */
  readonly mtu: number;
  /** What a link of this name is that exists and is not ours; asked only for names that were given. */
  readonly foreignLink: (name: string) => 'bridge' | 'other' | undefined;
  /** True when the host has a link of this name, whosever it is. */
  readonly hasLink: (name: string) => boolean;
  /** True when the kernel can make links of a kind that not every kernel has. */
  readonly makes: (kind: LinkKind) => boolean;
}
