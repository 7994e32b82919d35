import type { IpAddress, PortProtocol } from '@fairlead/base';

/** A service whose containers stand for one another: asked for by its name, or by a port of the host. */
export interface BalancedService {
  readonly id: string;
  /** What containers on its networks ask for. */
  readonly name: string;
  readonly networks: readonly ServiceNetwork[];
  /** Ports of the host behind which its containers are: the routing mesh. */
  readonly ports: readonly ServicePublication[];
  /** The containers, by their IDs, that get traffic now. */
  readonly backends: readonly string[];
}

/** A service as it is stored. */
export interface StoredService extends BalancedService {
  /** True while its host ports change; after a crash they are held anew. */
  readonly unsettled?: true;
}

/** The place of a service on one network. */
export interface ServiceNetwork {
  /** The network's ID. */
  readonly network: string;
  /** Other names for the service there. */
  readonly aliases: readonly string[];
  /** The address that stands for all backends; absent means that the name answers with every one of theirs. */
  readonly virtual?: VirtualAddress;
}

/** The address of a service on a network, one for each IP version that the network has. */
export interface VirtualAddress {
  readonly ipv4?: IpAddress;
  readonly ipv6?: IpAddress;
}

/** A port of the host, on all its addresses, and the port of every backend behind it. */
export interface ServicePublication {
  readonly protocol: PortProtocol;
  readonly published: number;
  readonly target: number;
}
