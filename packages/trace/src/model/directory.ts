import type { Family, IpAddress, MacAddress, PortRange, Prefix } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';

/** A further bridge of a network, and the cable to the first one: its end there, and its end here. */
export interface SegmentPlace {
  readonly bridge: string;
  readonly trunk: string;
  readonly uplink: string;
}

/** How a container is on a network. */
export interface Attachment {
  readonly network: string;
  readonly ipv4?: IpAddress;
  readonly ipv6?: IpAddress;
  /** Interface inside. */
  readonly interface?: string;
  /** Host end of the cable, on a bridge. */
  readonly hostInterface?: string;
  /** The further bridge of the network that its cable is plugged into; absent where that is the first. */
  readonly segment?: SegmentPlace;
  /** Other machines of the LAN use its addresses, or have lately: a sentence each. */
  readonly contests?: readonly string[];
  /** Hardware address of a container that is held to its own addresses there. */
  readonly heldTo?: MacAddress;
}

/** Host ports that lead to a container. */
export interface Publication {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostAddress: IpAddress;
  readonly hostPorts: PortRange;
  readonly containerPorts: PortRange;
}

/** A container, as far as packets are concerned. */
export interface ContainerPlace {
  readonly name: string;
  readonly id: string;
  /** Absent while it does not run; '' for one on the host's own network. */
  readonly namespace?: NamespaceName;
  /** Number of its first process, while it runs. */
  readonly pid?: number;
  readonly attachments: readonly Attachment[];
  /** Of one that does not run: those that it will have. */
  readonly publications: readonly Publication[];
  /** Text of its `/etc/hosts` and `/etc/resolv.conf`. */
  readonly files?: { readonly hosts: string; readonly resolvConf: string };
}

/** A network, as far as packets are concerned. */
export interface NetworkPlace {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  /** False when its containers may not talk to each other. */
  readonly open: boolean;
  /** Interface of the host: the bridge, or the parent of macvlan and ipvlan. */
  readonly interface?: string;
  /** The host's own link on a network of a parent; absent where it has none. */
  readonly host?: { readonly link: string; readonly addresses: readonly IpAddress[] };
  /** Further bridges; absent means that there are none. */
  readonly segments?: readonly SegmentPlace[];
  readonly gateways: readonly IpAddress[];
  readonly subnets: readonly Prefix[];
  /** Another engine takes its bridge for its own: a sentence. */
  readonly sharing?: string;
  /** Addresses that others on its bridge use as well, a sentence each; absent means that there are none. */
  readonly clashes?: readonly string[];
  /** True when containers go out under an address of the host. */
  readonly masquerade?: boolean;
  /** Bytes; absent where the network leaves it to its parent. */
  readonly mtu?: number;
}

/** Everything that the engine knows and the kernel does not: who is who. */
export interface Directory {
  readonly containers: readonly ContainerPlace[];
  readonly networks: readonly NetworkPlace[];
}

/** Address of an attachment in a family. */
export function addressOn(attachment: Attachment, family: Family): IpAddress | undefined {
  return family === 4 ? attachment.ipv4 : attachment.ipv6;
}

/** The container that has an address, and on which network. */
export function ownerOf(
  directory: Directory,
  address: IpAddress,
): { readonly container: ContainerPlace; readonly attachment: Attachment } | undefined {
  for (const container of directory.containers) {
    const attachment = container.attachments.find(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address);
    if (attachment !== undefined) return { container, attachment };
  }
  return undefined;
}

/** The container whose cable ends in this interface of the host, and on which network. */
export function containerBehind(
  directory: Directory,
  hostInterface: string | undefined,
): { readonly container: ContainerPlace; readonly attachment: Attachment } | undefined {
  if (hostInterface === undefined) return undefined;
  for (const container of directory.containers) {
    const attachment = container.attachments.find((candidate) => candidate.hostInterface === hostInterface);
    if (attachment !== undefined) return { container, attachment };
  }
  return undefined;
}

/** The network whose interface on the host this is. */
export function networkOfInterface(directory: Directory, name: string | undefined): NetworkPlace | undefined {
  return name === undefined ? undefined : directory.networks.find((network) => network.interface === name);
}
