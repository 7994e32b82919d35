import type {
  IdentityMapping,
  InterfaceAddress,
  IpAddress,
  MacAddress,
  PortPolicies,
  PortPolicy,
  PortProtocol,
  PortRange,
  Prefix,
} from '@fairlead/base';
import type { HostConfiguration, HostLease } from '@fairlead/dhcp';
import type { ChildType, HostLink, MadeParent } from '@fairlead/drivers';
import type { ByFamily, GatewayMode } from '@fairlead/firewall';
import type { NameRecord, ResolverPorts, ServicePort } from './name-service-port.ts';

/** Names of the drivers that are built in; every other name is a plugin's. */
export type DriverName = 'bridge' | 'macvlan' | 'ipvlan' | 'host' | 'null';

/** One `IPAM.Config` entry of a network. */
export interface SubnetConfig {
  readonly subnet: Prefix;
  readonly range?: Prefix;
  readonly gateway?: IpAddress;
  /** Addresses kept back, by name. */
  readonly auxiliary?: Readonly<Record<string, IpAddress>>;
}

/** A network as it is stored. Pools and gateways are decided at creation and never change by themselves. */
export interface Network {
  readonly id: string;
  readonly name: string;
  /** A {@link DriverName}, or the name of the plugin that drives the network. */
  readonly driver: string;
  readonly scope: 'local';
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ipamDriver: string;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  /** IPv4 first; gateways filled in. A bridge has one for each family at most, host and null have none. */
  readonly subnets: readonly SubnetConfig[];
  /** Names that users have written for those on the network; absent means none. */
  readonly records?: readonly NameRecord[];
  /** Present for bridge. */
  readonly bridge?: BridgeSettings;
  /** The operator sees to the host's forwarding himself; absent means that it is switched on when it is needed. */
  readonly leavesForwarding?: true;
  /** Present for macvlan and ipvlan. */
  readonly parent?: ParentSettings;
  /** Present for networks that a plugin drives. */
  readonly remote?: RemoteNetwork;
  /** Present where a plugin gives the addresses: a pool for each of `subnets`, in their order. */
  readonly pools?: readonly RemotePool[];
  /** Present for a network that only holds what others are made of; nobody can join it. */
  readonly template?: NetworkTemplate;
  /** Name of the network that this one was made of. */
  readonly configFrom?: string;
}

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

/** What a configuration network keeps for others: a request without what is each one's own. */
export type NetworkTemplate = Pick<NetworkRequest, 'ipv4' | 'ipv6' | 'options' | 'labels' | 'ipam'>;

/** The kernel side of a macvlan or ipvlan network. */
export interface ParentSettings {
  /** Interface of the host that the containers' links hang on. */
  readonly name: string;
  readonly type: ChildType;
  /** Absent when the interface was there before us; it stays then. */
  readonly made?: MadeParent;
  readonly interfacePrefix: string;
  /** Bytes; absent means the parent's. */
  readonly mtu?: number;
  /** Present where the host is on the network as well. */
  readonly host?: HostLink;
}

/** The kernel side of a bridge network. */
export interface BridgeSettings {
  readonly name: string;
  readonly mac: MacAddress;
  /** Bytes. */
  readonly mtu: number;
  readonly masquerade: boolean;
  /** Default host address of published ports. */
  readonly hostBinding?: IpAddress;
  /** Default host addresses of published ports, one of each family at most; they go before `hostBinding`. */
  readonly hostBindings?: readonly IpAddress[];
  /** Adopted bridges were there before us and stay when the network goes. */
  readonly adopted: boolean;
  readonly interfacePrefix: string;
  /** How containers are reached from outside; absent means `nat`. */
  readonly gatewayModes?: ByFamily<GatewayMode>;
  /** False keeps the containers of the network from each other; absent means true. */
  readonly icc?: boolean;
  /** Host interfaces from which containers may be reached directly. */
  readonly trustedInterfaces?: readonly string[];
  /** Addresses that containers go out under, instead of the outgoing interface's. */
  readonly sources?: ByFamily<IpAddress>;
  /** How many further bridges there are, for containers that the first one has no port for; absent means none. */
  readonly segments?: number;
  /** True leaves the bridge without an IPv4 address. */
  readonly inhibitIpv4?: boolean;
  /** Who may ask for published ports of which nothing else is said; absent means anybody. */
  readonly portPolicy?: PortPolicy;
}

/** What may be asked for when a network is made. */
export interface NetworkRequest {
  readonly name: string;
  readonly driver?: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly scope?: string;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>> | null;
    readonly config?: readonly IpamRequest[];
  };
}

/** One `IPAM.Config` entry as it was sent, not validated yet. */
export interface IpamRequest {
  readonly subnet?: string;
  readonly range?: string;
  readonly gateway?: string;
  readonly auxiliary?: Readonly<Record<string, string>>;
}

/** What a container asks for on one network (`EndpointSettings`), kept for as long as the container exists. */
export interface EndpointConfig {
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  readonly linkLocalAddresses?: readonly string[];
  readonly macAddress?: string;
  readonly aliases?: readonly string[];
  /** `container:alias`. */
  readonly links?: readonly string[];
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Higher wins the default route. */
  readonly gatewayPriority?: number;
}

/** A port asked for, or some that follow each other. One container port may have several of these. */
export interface PortBinding {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** How many ports from `containerPort` on are meant; absent means one. */
  readonly count?: number;
  /** Absent means the network's default binding. */
  readonly hostAddress?: IpAddress;
  /** Absent means ephemeral; a longer range than there are ports means any free one of it, an equal one goes in step. */
  readonly hostPorts?: PortRange;
  /** Who may ask for it; absent means what the container's or the network's policy says. */
  readonly policy?: PortPolicy;
}

/** A port as it was bound. */
export interface BoundPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  readonly hostAddress: IpAddress;
  /** 0 where the container is reached under its own address and nothing of the host's is bound. */
  readonly hostPort: number;
}

/** Consecutive bound ports in one piece: host and container range are equally long. */
export interface PortMapping {
  readonly protocol: PortProtocol;
  readonly hostAddress: IpAddress;
  readonly hostPorts: PortRange;
  readonly containerPorts: PortRange;
}

/** The join of one sandbox to one network. */
export interface Endpoint {
  readonly id: string;
  /** Rises with every endpoint that is made: the order of joining. */
  readonly sequence: number;
  readonly network: string;
  readonly sandbox: string;
  /** Container that it belongs to. */
  readonly owner: string;
  /** Name of the container, for names and messages. */
  readonly ownerName: string;
  readonly hostname: string;
  readonly config: EndpointConfig;
  readonly ipv4?: IpAddress;
  readonly ipv6?: IpAddress;
  /** Absent where the link has its parent's (ipvlan, and macvlan in mode passthru). */
  readonly mac?: MacAddress;
  /** Interface name inside the sandbox; absent on the networks `host` and `none`. */
  readonly interface?: string;
  /** Host end of the veth pair, on a bridge. */
  readonly hostInterface?: string;
  readonly hostMac?: MacAddress;
  /** Number of the network's bridge that it is a port of; absent means the first. */
  readonly segment?: number;
  /** Present on a network that a plugin drives. */
  readonly remote?: RemoteEndpoint;
  /** What the LAN has told it, where the LAN gives the addresses. */
  readonly lan?: ByFamily<HostConfiguration>;
  /** The last time that another machine of the LAN used one of its addresses. */
  readonly contests?: ByFamily<Contest>;
}

/** Another machine uses an address that a LAN has given to an endpoint. */
export interface Contest {
  readonly address: IpAddress;
  /** Whose frames say so. */
  readonly mac: MacAddress;
  readonly outcome: 'defended' | 'given-up';
  /** Milliseconds since the epoch. */
  readonly at: number;
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

/** A network namespace with its endpoints, ports and names: what one container, or several that share it, live in. */
export interface Sandbox {
  readonly id: string;
  /** Container that it was made for. */
  readonly owner: string;
  readonly ownerName: string;
  /** Name under `/run/netns`; empty for the host's. */
  readonly namespace: string;
  /** Who users and groups in it are on the host; absent where they are the same. */
  readonly identities?: IdentityMapping;
  /** Ports asked for; they move with the gateway endpoint. */
  readonly ports: readonly PortBinding[];
  readonly mappings: readonly PortMapping[];
  /** Who may ask for ports that have no policy of their own, by container port. */
  readonly portPolicies?: PortPolicies;
  /** True from before its host ports change until the outcome is stored; after a crash they are settled anew. */
  readonly unsettled?: boolean;
  readonly dns: DnsConfig;
  /** Where the name service listens inside the namespace; absent when no network of the sandbox has names. */
  readonly resolver?: ResolverPorts;
  /** True until the health check of the container that it was made for succeeds, and while it fails. */
  readonly unready?: boolean;
  /** What that container serves, by name; absent means nothing that has one. */
  readonly services?: readonly ServicePort[];
}

/** Addresses that a container keeps on one network for as long as it exists, running or not. */
export interface Lease {
  /** Network and owner, see `leaseId`. */
  readonly id: string;
  readonly network: string;
  readonly owner: string;
  readonly ipv4?: IpAddress;
  readonly ipv6?: IpAddress;
  /** Absent where the link has its parent's (ipvlan, and macvlan in mode passthru). */
  readonly mac?: MacAddress;
  /** What the LAN has given it, where the LAN gives the addresses. */
  readonly lan?: ByFamily<HostLease>;
}

/** A lease that the servers of a LAN have still to be told is given back; stored with the change that it follows from. */
export interface Farewell {
  /** The lease's own. */
  readonly id: string;
  /** Interface of the host by which they are reached. */
  readonly uplink: string;
  readonly network: string;
  readonly owner: string;
  readonly mac: MacAddress;
  readonly lan: ByFamily<HostLease>;
}

/** What a container's resolver is told. */
export interface DnsConfig {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Something that happened to a network. */
export interface NetworkEvent {
  readonly action: 'create' | 'destroy' | 'connect' | 'disconnect' | 'update';
  readonly network: Network;
  /** Container, for connect and disconnect, and for an update of what its LAN has told it. */
  readonly container?: string;
}
