import {
  FairleadError,
  type Family,
  familyOf,
  hostText,
  type IpAddress,
  isUnspecified,
  type PortProtocol,
  type PortRange,
  parseIpAddress,
  sizeOfRange,
} from '@fairlead/base';
import type { PortReservation } from '../name-service-port.ts';
import { containerPortsOf, partitionByOverlap, singleBindings } from './port-binding.ts';
import type { BoundPort, PortBinding, PortMapping } from './port-model.ts';

/** A reservation together with the container ports behind it. */
export interface PlannedPorts {
  readonly reservation: PortReservation;
  readonly containerPorts: PortRange;
}

/** A reservation of fixed numbers: as many ports as are wanted. */
interface FixedPorts extends PlannedPorts {
  readonly reservation: PortReservation & { readonly ports: PortRange };
}

const ANY_V4 = parseIpAddress('0.0.0.0');
const ANY_V6 = parseIpAddress('::');

/** Families in which a sandbox has a way in from the host. */
export interface ServedFamilies {
  has(family: Family): boolean;
  /** IPv6 comes in by the relay, to a container that has only IPv4: all but SCTP. */
  readonly relayed?: boolean;
}

/**
 * Which host ports to hold for what was asked: consecutive ports in one piece, both families under the same numbers.
 *
 * @param families those in which the sandbox has a way in; bindings of others are left out.
 * @param defaultBindings the network's own default host addresses.
 * @throws FairleadError `internal` (as Docker answers) when two container ports want the same host port.
 */
export function planPorts(
  bindings: readonly PortBinding[],
  families: ServedFamilies,
  defaultBindings?: readonly IpAddress[],
): PlannedPorts[] {
  const planned = bindings
    .flatMap((binding) => planOne(binding, hostAddresses(binding, families, defaultBindings)))
    .filter(({ reservation }) => reservation.addresses.length > 0);
  const fixed = withoutDoubles(planned.filter(isFixed));
  const open = joinAddresses(planned.filter((item) => !isFixed(item)));
  // The less choice there is, the sooner it is served.
  const [chosen, any] = [
    open.filter(({ reservation }) => reservation.ports),
    open.filter(({ reservation }) => !reservation.ports),
  ];
  return [...joinConsecutive(fixed), ...chosen, ...any];
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
    wanted.every(({ reservation, key }) => {
      const candidates = given.get(key) ?? [];
      const at = candidates.findIndex(({ hostPorts }) => contains(reservation.ports, hostPorts));
      return at >= 0 && candidates.splice(at, 1).length === 1;
    })
  );
}

/** The plan with the numbers that its open reservations were given before: a port keeps its number while it can. */
export function withNumbersOf(
  plan: readonly PlannedPorts[],
  mappings: readonly PortMapping[],
): readonly PlannedPorts[] {
  if (mappings.length === 0) return plan;
  const exact = exactKeys(plan);
  const given = mappingsByKey(mappings.filter((mapping) => !exact.has(exactKey(mapping))));
  return plan.map((item) => {
    if (isFixed(item)) return item;
    const { reservation, containerPorts } = item;
    const keys = reservation.addresses.map((hostAddress) =>
      mappingKey({ ...reservation, hostAddress, containerPorts }),
    );
    const before = keys.map((key) => given.get(key)?.shift()).find((mapping) => mapping !== undefined);
    if (before === undefined || !contains(reservation.ports, before.hostPorts)) return item;
    return { containerPorts, reservation: { ...reservation, ports: before.hostPorts } };
  });
}

/** True when none of `mappings` is given up by a plan that was made with {@link withNumbersOf}. */
export function keepsAll(plan: readonly PlannedPorts[], mappings: readonly PortMapping[]): boolean {
  if (mappings.length === 0) return true;
  const kept = exactKeys(plan);
  return mappings.every((mapping) => kept.has(exactKey(mapping)));
}

/** One entry for each port of the mappings. */
export function boundPorts(mappings: readonly PortMapping[]): BoundPort[] {
  return mappings.flatMap(({ protocol, hostAddress, hostPorts, containerPorts }) =>
    Array.from({ length: sizeOfRange(hostPorts) }, (_, offset) => ({
      protocol,
      hostAddress,
      hostPort: hostPorts.first + offset,
      containerPort: containerPorts.first + offset,
    })),
  );
}

/** The container ports that are published in a family without translation, neighbours in one piece. */
export function openPorts(
  bindings: readonly PortBinding[],
  family: Family,
): { readonly protocol: PortProtocol; readonly containerPorts: PortRange }[] {
  const wanted = bindings
    .filter(({ hostAddress }) => hostAddress === undefined || familyOf(hostAddress) === family)
    .map((binding) => ({ protocol: binding.protocol, ...containerPortsOf(binding) }))
    .sort((a, b) => compareText(a.protocol, b.protocol) || a.first - b.first);
  const open: { readonly protocol: PortProtocol; readonly containerPorts: PortRange }[] = [];
  for (const { protocol, first, last } of wanted) {
    const before = open.at(-1);
    const isNear = before?.protocol === protocol && before.containerPorts.last + 1 >= first;
    if (isNear) open.pop();
    const { containerPorts } = isNear ? before : { containerPorts: { first, last } };
    const end = Math.max(containerPorts.last, last);
    open.push({ protocol, containerPorts: { first: containerPorts.first, last: end } });
  }
  return open;
}

function hostAddresses(
  binding: PortBinding,
  families: ServedFamilies,
  defaultBindings: readonly IpAddress[] = [ANY_V4],
): IpAddress[] {
  const wanted = binding.hostAddress === undefined ? defaultBindings : [binding.hostAddress];
  // Only an address that nobody chose stands for both families; `-p 0.0.0.0:80:80` means IPv4.
  const both = binding.hostAddress === undefined && wanted.length === 1 && wanted[0] === ANY_V4;
  const isServed = (family: Family) =>
    families.has(family) && (family === 4 || !families.relayed || binding.protocol !== 'sctp');
  return (both ? [ANY_V4, ANY_V6] : [...wanted]).filter((address) => isServed(familyOf(address)));
}

/** Ports that may be any are each looked for by itself. */
function planOne(binding: PortBinding, addresses: readonly IpAddress[]): PlannedPorts[] {
  const { protocol, hostPorts, count = 1 } = binding;
  if (count > 1 && hostPorts === undefined)
    return singleBindings(binding).flatMap((single) => planOne(single, addresses));
  const reservation = { protocol, addresses, count, ...(hostPorts && { ports: hostPorts }) };
  return [{ reservation, containerPorts: containerPortsOf(binding) }];
}

/** The same asked for twice is one; the process that holds ports would let one owner have a port for two purposes. */
function withoutDoubles(planned: readonly FixedPorts[]): FixedPorts[] {
  const { alone, overlapping } = partitionByOverlap(planned, ({ reservation }) => reservation);
  return [...alone, ...withoutDoublePorts(overlapping.flatMap(singlePorts))];
}

function singlePorts({ reservation, containerPorts }: FixedPorts): FixedPorts[] {
  return Array.from({ length: reservation.count }, (_, offset) => ({
    reservation: { ...reservation, ports: portAt(reservation.ports, offset), count: 1 },
    containerPorts: portAt(containerPorts, offset),
  }));
}

function portAt({ first }: PortRange, offset: number): PortRange {
  return { first: first + offset, last: first + offset };
}

function withoutDoublePorts(planned: readonly FixedPorts[]): FixedPorts[] {
  const users = new Map<string, { readonly address: IpAddress; readonly containerPort: number }[]>();
  return planned.flatMap((item) => {
    const { reservation, containerPorts } = item;
    const [port, containerPort] = [reservation.ports.first, containerPorts.first];
    const known = users.getOrInsertComputed(`${reservation.protocol} ${port}`, () => []);
    const missing = reservation.addresses.filter((address) => !isKnown(known, address, containerPort, port));
    known.push(...missing.map((address) => ({ address, containerPort })));
    return missing.length > 0 ? [withAddresses(item, missing)] : [];
  });
}

function isKnown(
  known: readonly { readonly address: IpAddress; readonly containerPort: number }[],
  address: IpAddress,
  containerPort: number,
  port: number,
): boolean {
  for (const user of known) {
    if (user.address === address && user.containerPort === containerPort) return true;
    if (familyOf(user.address) !== familyOf(address)) continue;
    if (user.address === address || isUnspecified(user.address) || isUnspecified(address)) {
      const place = `${hostText(address)}:${port}`;
      throw new FairleadError('internal', `Bind for ${place} failed: port is already allocated`);
    }
  }
  return false;
}

/** Ports that follow each other on both sides become one reservation, so that a range costs what one port does. */
function joinConsecutive(fixed: readonly FixedPorts[]): PlannedPorts[] {
  const keyed = fixed.map((item) => ({ item, key: groupKey(item) }));
  keyed.sort((a, b) => compareText(a.key, b.key) || a.item.reservation.ports.first - b.item.reservation.ports.first);
  const joined: { item: FixedPorts; readonly key: string }[] = [];
  for (const next of keyed) {
    const last = joined.at(-1);
    const follows =
      last?.key === next.key && last.item.reservation.ports.last + 1 === next.item.reservation.ports.first;
    if (follows) last.item = merge(last.item, next.item);
    else joined.push({ ...next });
  }
  return joined.map(({ item }) => item);
}

/** One container port on several host addresses gets the same number on each. */
function joinAddresses(open: readonly PlannedPorts[]): PlannedPorts[] {
  const joined: PlannedPorts[] = [];
  for (const item of open) {
    const at = joined.findIndex((other) => isSamePort(other, item));
    const other = joined[at];
    if (other === undefined) joined.push(item);
    else joined[at] = withAddresses(other, [...other.reservation.addresses, ...item.reservation.addresses]);
  }
  return joined;
}

/** The same choice for other addresses: asked for twice on one address, a port is published under two numbers. */
function isSamePort(a: PlannedPorts, b: PlannedPorts): boolean {
  return (
    a.reservation.protocol === b.reservation.protocol &&
    a.containerPorts.first === b.containerPorts.first &&
    a.reservation.ports?.first === b.reservation.ports?.first &&
    a.reservation.ports?.last === b.reservation.ports?.last &&
    !a.reservation.addresses.some((address) => b.reservation.addresses.includes(address))
  );
}

function withAddresses<T extends PlannedPorts>(item: T, addresses: readonly IpAddress[]): T {
  return { ...item, reservation: { ...item.reservation, addresses } };
}

function isFixed(item: PlannedPorts): item is FixedPorts {
  const { ports, count } = item.reservation;
  return ports !== undefined && sizeOfRange(ports) === count;
}

function groupKey({ reservation, containerPorts }: FixedPorts): string {
  const offset = containerPorts.first - reservation.ports.first;
  return `${reservation.protocol} ${reservation.addresses.join(' ')} ${offset}`;
}

function merge(last: FixedPorts, next: FixedPorts): FixedPorts {
  const ports = { first: last.reservation.ports.first, last: next.reservation.ports.last };
  return {
    reservation: { ...last.reservation, ports, count: sizeOfRange(ports) },
    containerPorts: { first: last.containerPorts.first, last: next.containerPorts.last },
  };
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

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
