import type { IpAddress, PortProtocol, PortRange } from '@fairlead/base';

/** A record that somebody has written for a network, its data in the words of a zone file. */
export interface NameRecord {
  /** In lower case; `*.app.internal` stands for every name below `app.internal`. */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'SRV';
  readonly data: readonly string[];
}

/** A network whose containers have names. */
export interface ResolverNetwork {
  readonly id: string;
  readonly name: string;
  /** Absent means none. */
  readonly records?: readonly NameRecord[];
  /** True: whoever has a name is answered for it, well or not. */
  readonly ignoresHealth?: boolean;
}

/** A sandbox's name service. */
export interface ResolverSandbox {
  readonly id: string;
  readonly namespace: string;
  /** Asked from the host's namespace. */
  readonly hostUpstreams: readonly string[];
  /** Asked from the sandbox's own namespace. */
  readonly sandboxUpstreams: readonly string[];
  /** False while only internal networks are attached: nothing leaks to the host's servers. */
  readonly forward: boolean;
  /** Names are served at the IPv6 address, too; once begun it goes on. */
  readonly servesIpv6?: boolean;
  /** Set when user or host chose an `ndots`. */
  readonly ndots: boolean;
  /** Seconds for which askers may keep answers; absent means that they may not. */
  readonly ttl?: number;
}

/** Where a sandbox's name service listens inside it: at the IPv4 address, and at the IPv6 address if it was asked to. */
export interface ResolverPorts {
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly ipv6?: { readonly udpPort: number; readonly tcpPort: number };
}

/** A port by the name of what is served there, `http`: what SRV records say. */
export interface ServicePort {
  /** In lower case. */
  readonly service: string;
  readonly protocol: PortProtocol;
  readonly port: number;
}

/** Names of one container on one network, or of several under one name. */
export interface ResolverEndpoint {
  readonly id: string;
  /** The sandbox that looks names up there; absent where nobody does. */
  readonly sandbox?: string;
  readonly network: string;
  readonly addresses: readonly IpAddress[];
  /** Its addresses have names of their own: none leads back to this one. */
  readonly collective?: boolean;
  readonly containerName: string;
  readonly aliases: readonly string[];
  readonly shortId: string;
  readonly hostname: string;
  /** Private names of the asker: alias to container name. */
  readonly links: readonly { readonly alias: string; readonly target: string }[];
  /** A sandbox searches its networks in the order in which they are preferred as gateways. */
  readonly gatewayPriority: number;
  readonly internal: boolean;
  /** How many IP versions the endpoint has a gateway for. */
  readonly gatewayFamilies: 0 | 1 | 2;
  /** True while others who have the same name are preferred, for the container's health check has not succeeded. */
  readonly unready?: boolean;
  /** Absent means none. */
  readonly services?: readonly ServicePort[];
}

/** Host ports to hold: the same numbers on every address. */
export interface PortReservation {
  readonly protocol: PortProtocol;
  readonly addresses: readonly IpAddress[];
  /** Absent means any free ephemeral port. */
  readonly ports?: PortRange;
  /** How many consecutive ports are wanted; fewer than `ports` holds means the first free ones in it. */
  readonly count: number;
}

/** Host ports whose IPv6 traffic is passed on by the process itself, where the firewall cannot translate it. */
export interface PortRelay extends PortRange {
  readonly protocol: 'tcp' | 'udp';
  /** IPv6; `::` stands for every address. */
  readonly hostAddress: IpAddress;
  /** Of either family. */
  readonly containerAddress: IpAddress;
  /** Where `first` leads; the ports after it follow in step. */
  readonly containerFirst: number;
}

/** The process that answers names and holds ports while the daemon comes and goes. */
export interface NameServicePort {
  openSandbox(sandbox: ResolverSandbox): Promise<ResolverPorts>;
  closeSandbox(id: string): Promise<void>;
  setNetwork(network: ResolverNetwork): Promise<void>;
  removeNetwork(id: string): Promise<void>;
  setEndpoint(endpoint: ResolverEndpoint): Promise<void>;
  removeEndpoint(id: string): Promise<void>;
  /**
   * Hold ports with really bound sockets: all of them or none.
   *
   * @returns for each reservation the ports that it got.
   * @throws FairleadError for the first one that cannot be had, in Docker's words.
   */
  reservePorts(owner: string, reservations: readonly PortReservation[]): Promise<readonly PortRange[]>;
  /**
   * What {@link reservePorts} would answer; nothing is held for it.
   *
   * @param anew the owner would have given up what it has.
   */
  tryPorts(owner: string, reservations: readonly PortReservation[], anew: boolean): Promise<readonly PortRange[]>;
  releasePorts(owner: string): Promise<void>;
  /** All relays of an owner, in the place of those that it had; {@link releasePorts} takes them away. */
  setRelays(owner: string, relays: readonly PortRelay[]): Promise<void>;
  /** Everything that it serves, for the comparison after a restart of either side. */
  list(): Promise<ServedNames>;
}

/** Ids of what a name service serves. */
export interface ServedNames {
  readonly sandboxes: readonly string[];
  readonly endpoints: readonly string[];
  readonly networks: readonly string[];
  readonly portOwners: readonly string[];
}
