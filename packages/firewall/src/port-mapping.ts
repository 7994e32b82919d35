import {
  type Family,
  FairleadError,
  familyOf,
  formatPortRange,
  type IpAddress,
  isUnspecified,
  type PortProtocol,
  type PortRange,
} from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { hostElement } from './host-sets.ts';

/**
 * A published port, or a range of them that are neighbours on both sides: what reaches `hostPorts` of the host goes to
 * `containerPorts` of the container. Both addresses are of the same family.
 */
export interface PortMapping {
  readonly protocol: PortProtocol;
  /** `0.0.0.0` and `::` stand for every address of the host in that family. */
  readonly hostAddress: IpAddress;
  readonly hostPorts: PortRange;
  readonly containerAddress: IpAddress;
  /** As long as `hostPorts`. */
  readonly containerPorts: PortRange;
}

/**
 * The map elements that publish a port: what `-p 8080:80` does to the kernel.
 *
 * A range whose numbers stay the same is one interval element with an address for its data, which keeps the port. A
 * range whose numbers change is one element for each port: a kernel given a range of ports to translate to picks any of
 * them (net/netfilter/nf_nat_core.c, nf_nat_l4proto_unique_tuple), and nftables cannot ask for the same offset.
 *
 * @throws FairleadError `invalid-argument` for mixed families or ranges of different length.
 */
export function portMappingElements(mapping: PortMapping): ElementObject[] {
  const { hostPorts, containerPorts } = mapping;
  const family = familyOfMapping(mapping);
  const count = hostPorts.last - hostPorts.first + 1;
  if (containerPorts.last - containerPorts.first + 1 !== count) {
    throw new FairleadError(
      'invalid-argument',
      `invalid ranges specified for container and host Ports: ${formatPortRange(containerPorts)} and ${formatPortRange(hostPorts)}`,
    );
  }
  if (count > 1 && hostPorts.first === containerPorts.first) return [rangeElement(mapping, family)];
  return Array.from({ length: count }, (_, index) => portElement(mapping, family, index));
}

/** A port published on a routed bridge: reached under the container's own address and port. */
export interface RoutedPort {
  readonly protocol: PortProtocol;
  readonly containerAddress: IpAddress;
  readonly containerPorts: PortRange;
}

/** The element that lets packets through to a port on a routed bridge. */
export function routedPortElements(port: RoutedPort): ElementObject[] {
  const { containerAddress, protocol, containerPorts } = port;
  const set = `routed_ports${familyOf(containerAddress)}` as const;
  return [hostElement(set, [containerAddress, protocol, formatPortRange(containerPorts)])];
}

function portElement({ protocol, hostAddress, hostPorts, containerAddress, containerPorts }: PortMapping, family: Family, index: number): ElementObject {
  const key = [protocol, `${hostPorts.first + index}`];
  const value = [containerAddress, `${containerPorts.first + index}`];
  if (isUnspecified(hostAddress)) return hostElement(`publish${family}`, key, value);
  return hostElement(`publish_address${family}`, [hostAddress, ...key], value);
}

function rangeElement({ protocol, hostAddress, hostPorts, containerAddress }: PortMapping, family: Family): ElementObject {
  const key = [protocol, formatPortRange(hostPorts)];
  if (isUnspecified(hostAddress)) return hostElement(`publish_range${family}`, key, [containerAddress]);
  return hostElement(`publish_address_range${family}`, [hostAddress, ...key], [containerAddress]);
}

function familyOfMapping({ hostAddress, containerAddress }: PortMapping): Family {
  const family = familyOf(hostAddress);
  if (familyOf(containerAddress) === family) return family;
  throw new FairleadError('invalid-argument', `cannot map ${hostAddress} to ${containerAddress}: different address families`);
}
