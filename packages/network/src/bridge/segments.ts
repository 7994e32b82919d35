import { FairleadError } from '@fairlead/base';
import { type BridgeSegment, type SegmentNames, segmentNames } from '@fairlead/drivers';
import { isLan } from '../lan/lan-network.ts';
import type { BridgeSettings, Endpoint, Network } from '../model.ts';
import { type Options, unreadable } from '../network-option.ts';

/** How many containers the bridges of a network have ports for. */
export interface BridgeCapacity {
  /** Ports of one bridge. */
  readonly ports: number;
  /** How many of the first one's are kept for further ones. */
  readonly segments: number;
}

/**
 * BR_MAX_PORTS in net/bridge/br_private.h, of which the first number is nobody's; and room for as many containers as a /16
 * has addresses.
 */
export const kernelCapacity: BridgeCapacity = { ports: 1023, segments: 64 };

/** Option of bridge networks: as many ports of each bridge are used, and the others are left to whom else they are for. */
const PORTS = 'com.fairlead.bridge-ports';

/**
 * How many ports a network may use of each of its bridges; `undefined` for all that there are.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function bridgePortsOption(options: Options): number | undefined {
  const text = options[PORTS];
  if (text === undefined) return undefined;
  const ports = /^\d+$/.test(text) ? Number(text) : 0;
  if (ports >= 2 && ports <= kernelCapacity.ports) return ports;
  throw unreadable(PORTS, text, `expected a number from 2 to ${kernelCapacity.ports}`);
}

/** How many containers a network's bridges have ports for. @param most where the network says nothing else. */
export function capacityOf(network: Network, most: BridgeCapacity): BridgeCapacity {
  // A bridge that a LAN's interface is in gets no further ones: nothing of it is ours.
  if (isLan(network)) return { ...most, segments: 0 };
  const ports = bridgePortsOption(network.options);
  return ports === undefined ? most : { ports, segments: Math.min(most.segments, Math.floor(ports / 2)) };
}

/**
 * The bridge of a network that has room for one more container: 0 for its own, else the number of a further one.
 *
 * @param present the endpoints that the network has.
 * @throws FairleadError `forbidden` when none can have.
 */
export function segmentWithRoom(
  { name }: Pick<Network, 'name'>,
  present: readonly Endpoint[],
  { ports, segments }: BridgeCapacity,
): number {
  const room = ports - segments;
  if (present.length < room) return 0;
  const used = Map.groupBy(present, ({ segment = 0 }) => segment);
  const isFree = (number: number) => (used.get(number)?.length ?? 0) < (number === 0 ? room : ports - 1);
  for (let number = 0; number <= segments; number++) if (isFree(number)) return number;
  const advice = 'its bridges have no more ports; connect others to another network';
  throw new FairleadError('forbidden', `network ${name} is full with ${present.length} containers: ${advice}`);
}

/** A network with as many bridges as a container on that one needs; itself when it has them. */
export function withSegment(network: Network, number: number): Network {
  const { bridge } = network;
  if (bridge === undefined || number <= (bridge.segments ?? 0)) return network;
  return { ...network, bridge: { ...bridge, segments: number } };
}

/** A network without the last of its bridges that no container is on; itself when all are in use. */
export function withoutIdleSegments(network: Network, present: readonly Endpoint[]): Network {
  const { bridge } = network;
  if (bridge?.segments === undefined) return network;
  const last = lastSegment(present);
  if (last === bridge.segments) return network;
  const { segments: _, ...rest } = bridge;
  return { ...network, bridge: last === 0 ? rest : { ...rest, segments: last } };
}

/** The number of the last bridge that a container is on. */
export function lastSegment(present: readonly Endpoint[]): number {
  return present.reduce((most, { segment = 0 }) => Math.max(most, segment), 0);
}

/** The further bridges of a network. */
export function segmentsOf({ id, bridge }: Pick<Network, 'id' | 'bridge'>): BridgeSegment[] {
  if (bridge === undefined) return [];
  const { name: first, mac, mtu, icc } = bridge;
  return Array.from({ length: bridge.segments ?? 0 }, (_, index) => {
    return { id, number: index + 1, first, mac, mtu, isolated: icc === false };
  });
}

/** How the links of a network's further bridges are called. */
export function segmentNamesOf(network: Pick<Network, 'id' | 'bridge'>): SegmentNames[] {
  return segmentsOf(network).map(segmentNames);
}

/** Name of the bridge that an endpoint's cable is plugged into. */
export function bridgeOf({ id }: Pick<Network, 'id'>, bridge: BridgeSettings, { segment = 0 }: Endpoint): string {
  return segment === 0 ? bridge.name : segmentNames({ id, number: segment }).bridge;
}
