import {
  addressOf,
  ByteReader,
  familyOf,
  type IpAddress,
  ipFromBytes,
  ipToBytes,
  type Prefix,
  parsePrefix,
  prefixFamily,
  prefixLength,
} from '@fairlead/base';
import { Attributes, type AttributeWriter } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { NamespaceName, RouteObject } from '../object/kernel-object.ts';
import { nameOfNumber } from './link-attributes.ts';
import { withoutUndefined } from './link-details.ts';
import type { NameLookup, NumberLookup } from './lookup.ts';
import { addressFamily, createFlags, familyNumber, replaceFlags, routeMessage } from './message-types.ts';

/** Route attributes (RTA_*, include/uapi/linux/rtnetlink.h). */
export const routeAttribute = {
  destination: 1,
  link: 4,
  gateway: 5,
  metric: 6,
  source: 7,
  metrics: 8,
  table: 15,
  via: 18,
} as const;
/** Inside RTA_METRICS (RTAX_*). */
export const routeMetric = { mtu: 2 } as const;
/** RTN_*. */
export const routeTypes = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const;
/** RT_SCOPE_*. */
export const routeScopes = { global: 0, link: 253, host: 254, nowhere: 255 } as const;
/** RT_TABLE_MAIN, and RT_TABLE_LOCAL, in which the kernel keeps the host's own addresses. */
export const mainTable = 254;
export const localTable = 255;
/** RT_TABLE_COMPAT: the number is in the attribute because it does not fit the header. */
const COMPAT_TABLE = 252;
/** RTPROT_STATIC: what an administrator's own routes have as well. */
const STATIC = 4;
/** Metric of IPv6 routes that ask for none (IP6_RT_PRIO_USER). */
const DEFAULT_METRIC6 = 1024;
/** Bytes of rtmsg. */
export const routeHeaderLength = 12;

/** Message that adds a route. */
export function addRouteMessage(route: RouteObject, lookup: NumberLookup): Uint8Array {
  return encodeRoute(routeMessage.newRoute, createFlags, route, lookup);
}

/** Message that puts a route in the place of the one with the same destination, table and metric. */
export function replaceRouteMessage(route: RouteObject, lookup: NumberLookup): Uint8Array {
  return encodeRoute(routeMessage.newRoute, replaceFlags, route, lookup);
}

/** Message that removes a route, whatever its scope and type. */
export function removeRouteMessage(route: RouteObject, lookup: NumberLookup): Uint8Array {
  return encodeRoute(routeMessage.deleteRoute, messageFlag.acknowledge, route, lookup);
}

function encodeRoute(type: number, flags: number, route: RouteObject, lookup: NumberLookup): Uint8Array {
  const { destination, table = mainTable, via, link, metric, source, mtu } = route;
  const length = prefixLength(destination);
  return encodeMessage(type, flags, (writer) => {
    writer.header
      .u8(familyNumber(prefixFamily(destination)))
      .u8(length)
      .u16(0)
      .u8(table > 255 ? COMPAT_TABLE : table);
    if (type === routeMessage.deleteRoute) writer.header.u8(0).u8(routeScopes.nowhere).u8(0);
    else
      writer.header
        .u8(route.protocol ?? STATIC)
        .u8(routeScopes[route.scope ?? 'global'])
        .u8(routeTypes[route.type ?? 'unicast']);
    writer.header.u32(0);
    if (length > 0) writer.bytes(routeAttribute.destination, ipToBytes(addressOf(destination)));
    if (via !== undefined) writeGateway(writer, destination, via);
    if (link !== undefined) writer.u32(routeAttribute.link, lookup.linkIndex(route.namespace, link));
    if (metric !== undefined) writer.u32(routeAttribute.metric, metric);
    if (source !== undefined) writer.bytes(routeAttribute.source, ipToBytes(source));
    if (mtu !== undefined) writer.nested(routeAttribute.metrics, (metrics) => metrics.u32(routeMetric.mtu, mtu));
    if (table > 255) writer.u32(routeAttribute.table, table);
  });
}

/** An IPv4 route may go by an IPv6 gateway, which has an attribute of its own that names the family (RTA_VIA). */
function writeGateway(writer: AttributeWriter, destination: Prefix, via: IpAddress): void {
  const bytes = ipToBytes(via);
  if (familyOf(via) === prefixFamily(destination)) writer.bytes(routeAttribute.gateway, bytes);
  else writer.bytes(routeAttribute.via, Uint8Array.of(familyNumber(familyOf(via)), 0, ...bytes));
}

/** Request for all routes of a family. */
export function dumpRoutesMessage(family: 4 | 6): Uint8Array {
  return encodeMessage(routeMessage.getRoute, messageFlag.dump, (writer) => {
    writer.header.u8(familyNumber(family)).zeros(routeHeaderLength - 1);
  });
}

/**
 * Read an RTM_NEWROUTE message; `undefined` for what no {@link RouteObject} can say: local and multicast routes, routes
 * with several next hops, cached ones.
 */
export function decodeRoute(message: Message, namespace: NamespaceName, names: NameLookup): RouteObject | undefined {
  const header = decodeRouteHeader(message.body);
  const attributes = new Attributes(message.body.subarray(routeHeaderLength));
  const type = nameOfNumber(routeTypes, header.type);
  const index = attributes.u32(routeAttribute.link);
  const link = index === undefined ? undefined : names.linkName(index);
  if (type === undefined || (type === 'unicast' && link === undefined) || (header.flags & CLONED) !== 0)
    return undefined;
  const via = gatewayIn(attributes);
  const table = attributes.u32(routeAttribute.table) ?? header.table;
  const metric = attributes.u32(routeAttribute.metric);
  const source = attributes.bytes(routeAttribute.source);
  const ipv6 = header.family === addressFamily.ipv6;
  return withoutUndefined<RouteObject>({
    kind: 'route',
    namespace,
    destination: destinationIn(attributes, header),
    via,
    // The kernel hangs the IPv6 routes that lead nowhere onto lo; nobody asked for that.
    link: type === 'unicast' ? link : undefined,
    type: type === 'unicast' ? undefined : type,
    table: table === mainTable ? undefined : table,
    metric: ipv6 && metric === DEFAULT_METRIC6 ? undefined : metric,
    source: source && ipFromBytes(source),
    mtu: attributes.nested(routeAttribute.metrics)?.u32(routeMetric.mtu),
    scope: scopeOf(header, type === 'unicast' && via === undefined),
    protocol: header.protocol,
  });
}

/** RTM_F_CLONED: an entry of the route cache. */
const CLONED = 0x200;

/** The fixed part of a route message (rtmsg). */
export interface RouteHeader {
  readonly family: number;
  readonly length: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
}

/** Read the fixed part of a route message. */
export function decodeRouteHeader(body: Uint8Array): RouteHeader {
  const reader = new ByteReader(body);
  const family = reader.u8();
  const length = reader.u8();
  reader.skip(2);
  return {
    family,
    length,
    table: reader.u8(),
    protocol: reader.u8(),
    scope: reader.u8(),
    type: reader.u8(),
    flags: reader.u32(),
  };
}

/** The gateway of either attribute. */
export function gatewayIn(attributes: Attributes): IpAddress | undefined {
  const bytes = attributes.bytes(routeAttribute.gateway) ?? attributes.bytes(routeAttribute.via)?.subarray(2);
  return bytes && ipFromBytes(bytes);
}

/** The destination, which is absent from the attributes of a default route. */
export function destinationIn(attributes: Attributes, { family, length }: RouteHeader): Prefix {
  const bytes = attributes.bytes(routeAttribute.destination);
  return parsePrefix(
    `${bytes === undefined ? (family === addressFamily.ipv6 ? '::' : '0.0.0.0') : ipFromBytes(bytes)}/${length}`,
  );
}

/** IPv6 has no scopes: there an on-link route is one without a gateway. */
function scopeOf({ family, scope }: RouteHeader, onLink: boolean): 'link' | 'host' | undefined {
  if (family === addressFamily.ipv6) return onLink ? 'link' : undefined;
  const name = nameOfNumber(routeScopes, scope);
  return name === 'link' || name === 'host' ? name : undefined;
}
