import { FairleadError, type Family, familyOf, type IpAddress, parseIpAddress, type PortRange } from '@fairlead/base';
import type { BoundPort, PortBinding, PortMapping } from './model.ts';
import type { PortReservation } from './name-service-port.ts';

/** A reservation together with the container ports behind it. */
export interface PlannedPorts {
  readonly reservation: PortReservation;
  readonly containerPorts: PortRange;
}

const ANY_V4 = parseIpAddress('0.0.0.0');
const ANY_V6 = parseIpAddress('::');

/**
 * Which host ports to hold for what was asked: consecutive ports in one piece, both families under the same numbers.
 *
 * @param families those in which the sandbox has a way in; bindings of others are left out.
 * @param defaultBinding the network's own default host address.
 */
export function planPorts(
  bindings: readonly PortBinding[],
  families: ReadonlySet<Family>,
  defaultBinding?: IpAddress,
): PlannedPorts[] {
  const planned = bindings
    .map((binding) => ({ binding, addresses: hostAddresses(binding, families, defaultBinding) }))
    .filter(({ addresses }) => addresses.length > 0)
    .map(({ binding, addresses }) => planOne(binding, addresses));
  return joinConsecutive(planned);
}

/** The mappings that a plan became when its reservations got `ports`. */
export function mappingsOf(plan: readonly PlannedPorts[], ports: readonly PortRange[]): PortMapping[] {
  return plan.flatMap(({ reservation, containerPorts }, index) => {
    const hostPorts = ports[index];
    if (hostPorts === undefined) throw new FairleadError('internal', 'a port reservation was not answered');
    const { protocol } = reservation;
    return reservation.addresses.map((hostAddress) => ({ protocol, hostAddress, hostPorts, containerPorts }));
  });
}

/** One entry for each port of the mappings. */
export function boundPorts(mappings: readonly PortMapping[]): BoundPort[] {
  return mappings.flatMap(({ protocol, hostAddress, hostPorts, containerPorts }) =>
    Array.from({ length: hostPorts.last - hostPorts.first + 1 }, (_, offset) => ({
      protocol,
      hostAddress,
      hostPort: hostPorts.first + offset,
      containerPort: containerPorts.first + offset,
    })),
  );
}

function hostAddresses(
  binding: PortBinding,
  families: ReadonlySet<Family>,
  defaultBinding: IpAddress | undefined,
): IpAddress[] {
  const wanted = binding.hostAddress ?? defaultBinding ?? ANY_V4;
  // Only an address that nobody chose stands for both families; `-p 0.0.0.0:80:80` means IPv4.
  const both = binding.hostAddress === undefined && wanted === ANY_V4;
  return (both ? [ANY_V4, ANY_V6] : [wanted]).filter((address) => families.has(familyOf(address)));
}

function planOne(binding: PortBinding, addresses: readonly IpAddress[]): PlannedPorts {
  const { protocol, containerPort, hostPorts } = binding;
  return {
    reservation: { protocol, addresses, count: 1, ...(hostPorts && { ports: hostPorts }) },
    containerPorts: { first: containerPort, last: containerPort },
  };
}

/** Ports that follow each other on both sides become one reservation, so that a range costs what one port does. */
function joinConsecutive(planned: readonly PlannedPorts[]): PlannedPorts[] {
  const fixed = planned.filter(isFixed).sort((a, b) => compareKeys(groupKey(a), groupKey(b)) || firstPort(a) - firstPort(b));
  const joined: PlannedPorts[] = [];
  for (const next of fixed) {
    const last = joined.at(-1);
    if (last !== undefined && follows(last, next)) joined[joined.length - 1] = merge(last, next);
    else joined.push(next);
  }
  return [...joined, ...planned.filter((item) => !isFixed(item))];
}

function isFixed({ reservation: { ports } }: PlannedPorts): boolean {
  return ports !== undefined && ports.first === ports.last;
}

function groupKey({ reservation, containerPorts }: PlannedPorts): string {
  const offset = containerPorts.first - (reservation.ports?.first ?? 0);
  return `${reservation.protocol} ${reservation.addresses.join(' ')} ${offset}`;
}

function firstPort({ reservation }: PlannedPorts): number {
  return reservation.ports?.first ?? 0;
}

function follows(last: PlannedPorts, next: PlannedPorts): boolean {
  return groupKey(last) === groupKey(next) && (last.reservation.ports?.last ?? 0) + 1 === firstPort(next);
}

function merge(last: PlannedPorts, next: PlannedPorts): PlannedPorts {
  const ports = { first: firstPort(last), last: next.reservation.ports?.last ?? 0 };
  return {
    reservation: { ...last.reservation, ports, count: ports.last - ports.first + 1 },
    containerPorts: { first: last.containerPorts.first, last: next.containerPorts.last },
  };
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
