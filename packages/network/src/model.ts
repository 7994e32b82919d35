import type { IdentityMapping, IpAddress, MacAddress, PortPolicies, PortPolicy, Prefix } from '@fairlead/base';
import type { HostConfiguration, HostLease } from '@fairlead/dhcp';
import type { ChildType, HostLink, MadeParent } from '@fairlead/drivers';
import type { ByFamily, GatewayMode } from '@fairlead/firewall';
import type { Contest } from './lan/lan-model.ts';
import type { NameRecord, ResolverPorts, ServicePort } from './name-service-port.ts';
import type { NetworkTemplate } from './network/network-request.ts';
import type { PortBinding, PortMapping } from './port/port-model.ts';
import type { RemoteEndpoint, RemoteNetwork, RemotePool } from './remote/remote-model.ts';

/** Names of the drivers that are built in; every other name is a plugin's. */
export type DriverName = 'bridge' | 'overlay' | 'macvlan' | 'ipvlan' | 'host' | 'null';

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
  readonly scope: 'local' | 'swarm';
  /** The one by which published ports of services are reached; absent means that it is another. */
  readonly ingress?: true;
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
  /** Present for bridge and overlay. */
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
