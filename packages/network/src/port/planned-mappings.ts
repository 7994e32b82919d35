import { FairleadError, familyOf, type IpAddress, isUnspecified, type PortRange } from '@fairlead/base';
import type { PortReservation } from '../name-service-port.ts';
import type { PortMapping } from './port-model.ts';
import { type FixedPorts, isFixed, type PlannedPorts } from './port-plan.ts';

/** The mappings that a plan became when its reservations got `ports`. */
export function mappingsOf(plan: readonly PlannedPorts[], ports: readonly PortRange[]): PortMapping[] {
  return plan.flatMap(({ reservation, containerPorts }, index) => {
    const hostPorts = ports[index];
    if (hostPorts === undefined) throw new FairleadError('internal', 'a port reservation was not answered');
    const { protocol } = reservation;
    return reservation.addresses.map((hostAddress) => ({ protocol, hostAddress, hostPorts, containerPorts }));
  });
}

/** True when `mappings` are what the plan asks for, whatever numbers its open reservations got. */
export function isServedBy(plan: readonly PlannedPorts[], mappings: readonly PortMapping[]): boolean {
  const given = mappingsByKey(mappings);
  const wanted = plan.flatMap(({ reservation, containerPorts }) =>
    reservation.addresses.map((hostAddress) => ({
      reservation,
      key: mappingKey({ ...reservation, hostAddress, containerPorts }),
    })),
  );
  return (
    wanted.length === mappings.length &&
    wanted.every(({ reservation, key }) =>
      take(given.get(key), ({ hostPorts }) => contains(reservation.ports, hostPorts)),
    )
  );
}

/**
 * The plan with the numbers that its open reservations were given before: a port keeps its number while it can, which is as
 * long as no fixed reservation asks for that, alone or among others.
 */
export function withNumbersOf(
  plan: readonly PlannedPorts[],
  mappings: readonly PortMapping[],
): readonly PlannedPorts[] {
  if (mappings.length === 0) return plan;
  const fixed = plan.filter(isFixed);
  if (fixed.length === plan.length) return plan;
  const given = mappingsByKey(mappings);
  return plan.map((item) => {
    if (isFixed(item)) return item;
    const { reservation, containerPorts } = item;
    const keys = reservation.addresses.map((hostAddress) =>
      mappingKey({ ...reservation, hostAddress, containerPorts }),
    );
    const isFree = ({ hostPorts }: PortMapping) =>
      contains(reservation.ports, hostPorts) &&
      !fixed.some((other) => collide(other.reservation, reservation, hostPorts));
    const before = keys.map((key) => take(given.get(key), isFree)).find((mapping) => mapping !== undefined);
    return before ? { containerPorts, reservation: { ...reservation, ports: before.hostPorts } } : item;
  });
}

/** Take out the first that is good enough. */
function take(mappings: PortMapping[] | undefined, isGood: (mapping: PortMapping) => boolean): PortMapping | undefined {
  const at = mappings?.findIndex(isGood) ?? -1;
  return at < 0 ? undefined : mappings?.splice(at, 1)[0];
}

/** True when the ports of a fixed reservation are also those that an open one would get. */
function collide(fixed: FixedPorts['reservation'], open: PortReservation, ports: PortRange): boolean {
  const isSamePlace = (one: IpAddress, other: IpAddress) =>
    familyOf(one) === familyOf(other) && (one === other || isUnspecified(one) || isUnspecified(other));
  return (
    fixed.protocol === open.protocol &&
    fixed.ports.first <= ports.last &&
    ports.first <= fixed.ports.last &&
    fixed.addresses.some((one) => open.addresses.some((other) => isSamePlace(one, other)))
  );
}

/** True when none of `mappings` is given up by a plan that was made with {@link withNumbersOf}. */
export function keepsAll(plan: readonly PlannedPorts[], mappings: readonly PortMapping[]): boolean {
  if (mappings.length === 0) return true;
  const kept = exactKeys(plan);
  return mappings.every((mapping) => kept.has(exactKey(mapping)));
}

/** The mappings that a plan's fixed reservations will become, as {@link exactKey} writes them. */
function exactKeys(plan: readonly PlannedPorts[]): ReadonlySet<string> {
  return new Set(
    plan
      .filter(isFixed)
      .flatMap(({ reservation: { protocol, addresses, ports }, containerPorts }) =>
        addresses.map((hostAddress) => exactKey({ protocol, hostAddress, containerPorts, hostPorts: ports })),
      ),
  );
}

function exactKey(mapping: PortMapping): string {
  return `${mappingKey(mapping)} ${mapping.hostPorts.first}-${mapping.hostPorts.last}`;
}

function mappingsByKey(mappings: readonly PortMapping[]): Map<string, PortMapping[]> {
  return Map.groupBy(mappings, mappingKey);
}

function mappingKey({ protocol, hostAddress, containerPorts }: Omit<PortMapping, 'hostPorts'>): string {
  return `${protocol} ${hostAddress} ${containerPorts.first}-${containerPorts.last}`;
}

/** True when `inner` may be the answer to a reservation of `outer`. */
function contains(outer: PortRange | undefined, inner: PortRange): boolean {
  return outer === undefined || (outer.first <= inner.first && inner.last <= outer.last);
}
