import {
  compareText,
  FairleadError,
  type Family,
  familyOf,
  hostText,
  type IpAddress,
  isUnspecified,
  type PortRange,
  parseIpAddress,
  sizeOfRange,
} from '@fairlead/base';
import type { PortReservation } from '../name-service-port.ts';
import { containerPortsOf, partitionByOverlap, singleBindings } from './port-binding.ts';
import type { PortBinding } from './port-model.ts';

/** A reservation together with the container ports behind it. */
export interface PlannedPorts {
  readonly reservation: PortReservation;
  readonly containerPorts: PortRange;
}

/** A reservation of fixed numbers: as many ports as are wanted. */
export interface FixedPorts extends PlannedPorts {
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

/** True for a reservation that leaves no choice. */
export function isFixed(item: PlannedPorts): item is FixedPorts {
  const { ports, count } = item.reservation;
  return ports !== undefined && sizeOfRange(ports) === count;
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

function withAddresses<T extends PlannedPorts>(item: T, addresses: readonly IpAddress[]): T {
  return { ...item, reservation: { ...item.reservation, addresses } };
}
