import type { InterfaceAddress, IpAddress, Prefix } from '@fairlead/base';

/** What is known of a network that a plugin drives, beside what every network has. */
export interface RemoteNetwork {
  /** True from before the plugin is asked to make it until it has; nobody can join it until then. */
  readonly unfinished?: true;
}

/** A pool of a plugin that gives addresses. */
export interface RemotePool {
  /** The plugin's own name for it. */
  readonly id: string;
  readonly addressSpace: string;
  /** As it was asked for: a plugin that forgets is asked again. */
  readonly asked: { readonly pool?: Prefix; readonly range?: Prefix };
  /** Addresses of the network itself, which go back with the pool. */
  readonly kept: readonly IpAddress[];
}

/** How a plugin lets a container onto its network. */
export interface RemoteEndpoint {
  /** How far it has come: the plugin is told first, then the answer is stored. */
  readonly stage: 'asked' | 'created' | 'joining' | 'joined';
  /** Interface that the plugin has made in the host's namespace; absent when there is none. */
  readonly source?: string;
  /** Addresses that the plugin gave itself, where the network has no pool. */
  readonly given?: readonly InterfaceAddress[];
  readonly gateway?: IpAddress;
  readonly gateway6?: IpAddress;
  /** Without `via` the destination is on the link. */
  readonly routes?: readonly { readonly destination: Prefix; readonly via?: IpAddress }[];
  /** The plugin wants no way out beside its own. */
  readonly noGatewayService?: true;
  /** The plugin was told that the container's ports are reached by this endpoint. */
  readonly leading?: true;
}

/** Something that a plugin has still to be told; stored with the change that it follows from. */
export interface Debt {
  /** Rises with every one: they are told in this order. */
  readonly id: string;
  readonly plugin: string;
  /** Endpoint, network or lease that it is about. */
  readonly about: string;
  readonly message: DebtMessage;
}

/** What a plugin is told when something ends. */
export type DebtMessage =
  | { readonly kind: 'revoke' | 'leave' | 'delete-endpoint'; readonly network: string; readonly endpoint: string }
  | { readonly kind: 'delete-network'; readonly network: string }
  | { readonly kind: 'release-address'; readonly pool: string; readonly address: IpAddress }
  | { readonly kind: 'release-pool'; readonly pool: string };
