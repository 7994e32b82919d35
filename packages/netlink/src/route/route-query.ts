import { familyOf, type IpAddress, ipFromBytes, ipToBytes, type Prefix } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message } from '../message.ts';
import { withoutUndefined } from './link-details.ts';
import { familyNumber, routeMessage } from './message-types.ts';
import { decodeRouteHeader, destinationIn, gatewayIn, routeAttribute, routeHeaderLength } from './route.ts';

/** RTA_SRC, RTA_IIF, RTA_MARK. */
const attribute = { source: 2, incoming: 3, mark: 16 } as const;
/** RTM_F_LOOKUP_TABLE, RTM_F_FIB_MATCH. */
const LOOKUP_TABLE = 0x1000;
const FIB_MATCH = 0x2000;

/** A packet whose route is asked for. */
export interface RouteQuery {
  readonly destination: IpAddress;
  readonly source?: IpAddress;
  /** Index of the interface that it came in by; absent for one that starts here. */
  readonly incoming?: number;
  /** Mark that rules have put on it. */
  readonly mark?: number;
  /** Ask for the entry of the table that decides rather than for the decision (Linux 4.13). */
  readonly entry?: boolean;
}

/** What the kernel would do with a packet. */
export interface RouteAnswer {
  readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'other';
  /** Index of the interface that it leaves by. */
  readonly outgoing?: number;
  readonly gateway?: IpAddress;
  /** Address that packets from here get. */
  readonly source?: IpAddress;
  readonly table: number;
  readonly destination: Prefix;
  /** Bytes, where the route or a message on the way has set it. */
  readonly mtu?: number;
}

const types: Readonly<Record<number, RouteAnswer['type']>> = {
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};

/** RTM_GETROUTE for one packet. The kernel refuses with the error that the packet would meet. */
export function getRouteMessage({ destination, source, incoming, mark, entry = false }: RouteQuery): Uint8Array {
  const bits = (address: IpAddress): number => (familyOf(address) === 4 ? 32 : 128);
  return encodeMessage(routeMessage.getRoute, 0, (writer) => {
    writer.header
      .u8(familyNumber(familyOf(destination)))
      .u8(bits(destination))
      .u8(source === undefined ? 0 : bits(source))
      .zeros(5)
      .u32(entry ? FIB_MATCH : LOOKUP_TABLE);
    writer.bytes(routeAttribute.destination, ipToBytes(destination));
    if (source !== undefined) writer.bytes(attribute.source, ipToBytes(source));
    if (incoming !== undefined) writer.u32(attribute.incoming, incoming);
    if (mark !== undefined) writer.u32(attribute.mark, mark);
  });
}

/** RTAX_MTU inside RTA_METRICS. */
const METRICS = 8;
const METRIC_MTU = 2;

/** Read the answer to {@link getRouteMessage}. */
export function decodeRouteAnswer(message: Message): RouteAnswer {
  const header = decodeRouteHeader(message.body);
  const attributes = new Attributes(message.body.subarray(routeHeaderLength));
  const source = attributes.bytes(routeAttribute.source);
  return withoutUndefined<RouteAnswer>({
    type: types[header.type] ?? 'other',
    outgoing: attributes.u32(routeAttribute.link),
    gateway: gatewayIn(attributes),
    source: source && ipFromBytes(source),
    table: attributes.u32(routeAttribute.table) ?? header.table,
    destination: destinationIn(attributes, header),
    mtu: attributes.nested(METRICS)?.u32(METRIC_MTU),
  });
}
