import {
  FairleadError,
  type Family,
  familyOf,
  formatPortRange,
  type IpAddress,
  isUnspecified,
  type PortProtocol,
  type PortRange,
} from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { hostElement } from './host-sets.ts';
import { hostInterval } from './port-admission.ts';
import { relayTableElement } from './relay-table.ts';

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
  /** For some askers only: those for whom {@link admissionElements} lets it. */
  readonly limited?: boolean;
}

/**
 * The map elements that publish a port: what `-p 8080:80` does to the kernel.
 *
 * A range whose numbers stay the same is one interval element with an address for its data, which keeps the port. A
 * range whose numbers change is one element for each port: a kernel given a range of ports to translate to does not keep
 * the offset (7003 of 7000-7020 arrives at 9000 of 9000-9020), and asked to keep it (NF_NAT_RANGE_PROTO_OFFSET,
 * net/netfilter/nf_nat_core.c) goes on to the next port when a flow is like another one: docs/decisions/0026-port-ranges.md.
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

/**
 * The elements that lead to the relay what cannot be translated on its way to an IPv6 address of the host: everything
 * when the container has only IPv4, otherwise what comes from or goes to ::1 and link-local addresses. None for IPv4,
 * where everything can be translated, nor for SCTP, which the relay does not speak.
 */
export function relayElements({
  protocol,
  hostAddress,
  hostPorts,
}: Omit<PortMapping, 'containerAddress' | 'containerPorts'>): ElementObject[] {
  if (familyOf(hostAddress) === 4 || protocol === 'sctp') return [];
  const range = hostPorts.first === hostPorts.last ? '' : '_range';
  const key = [protocol, formatPortRange(hostPorts)];
  if (isUnspecified(hostAddress)) return [relayTableElement(`relay${range}6`, key)];
  return [relayTableElement(`relay_address${range}6`, [hostAddress, ...key])];
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

function portElement(
  { protocol, hostAddress, hostPorts, containerAddress, containerPorts, limited }: PortMapping,
  family: Family,
  index: number,
): ElementObject {
  const key = [protocol, `${hostPorts.first + index}`];
  const value = [containerAddress, `${containerPorts.first + index}`];
  const prefix = limited ? 'limited_publish' : 'publish';
  if (isUnspecified(hostAddress)) return hostElement(`${prefix}${family}`, key, value);
  return hostElement(`${prefix}_address${family}`, [hostAddress, ...key], value);
}

function rangeElement(
  { protocol, hostAddress, hostPorts, containerAddress, limited }: PortMapping,
  family: Family,
): ElementObject {
  const key = [protocol, formatPortRange(hostPorts)];
  if (limited)
    return hostElement(`limited_publish_range${family}`, [hostInterval(hostAddress), ...key], [containerAddress]);
  if (isUnspecified(hostAddress)) return hostElement(`publish_range${family}`, key, [containerAddress]);
  return hostElement(`publish_address_range${family}`, [hostAddress, ...key], [containerAddress]);
}

function familyOfMapping({ hostAddress, containerAddress }: PortMapping): Family {
  const family = familyOf(hostAddress);
  if (familyOf(containerAddress) === family) return family;
  throw new FairleadError(
    'invalid-argument',
    `cannot map ${hostAddress} to ${containerAddress}: different address families`,
  );
}
