import { ipFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { type Message, messageFlag } from '../message.ts';
import { nameOfNumber } from '../route/link-attributes.ts';
import { addressFamily, routeMessage } from '../route/message-types.ts';
import {
  decodeRouteHeader,
  destinationIn,
  gatewayIn,
  mainTable,
  type RouteHeader,
  routeAttribute,
  routeHeaderLength,
  routeMetric,
  routeScopes,
  routeTypes,
} from '../route/route.ts';
import { commandLine, linkNamed, option, toolIn, type Words } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** RTPROT_* with names that every ip(8) knows. */
const protocols = { kernel: 2, boot: 3, static: 4 } as const;

/** The `ip route` command that a route message stands for. */
export function renderRouteMessage(message: Message, entry: RouteEntry): string {
  const header = decodeRouteHeader(message.body);
  const attributes = new Attributes(message.body.subarray(routeHeaderLength));
  const options = header.family === addressFamily.ipv6 ? ['-6'] : [];
  const words = [verbOf(message), ...typeWords(header), ...routeWords(header, attributes, entry)];
  attributes.assertAllRead(entry.operation);
  return commandLine([...toolIn('ip', entry.namespace, ...options), 'route', ...words]);
}

function verbOf(message: Message): string {
  if (message.type === routeMessage.deleteRoute) return 'del';
  return (message.flags & messageFlag.replace) === 0 ? 'add' : 'replace';
}

function typeWords({ type }: RouteHeader): Words {
  if (type === 0 || type === routeTypes.unicast) return [];
  return [nameOfNumber(routeTypes, type) ?? type];
}

function routeWords(header: RouteHeader, attributes: Attributes, entry: RouteEntry): Words {
  const destination = destinationIn(attributes, header);
  const gateway = gatewayIn(attributes);
  const index = attributes.u32(routeAttribute.link);
  const source = attributes.bytes(routeAttribute.source);
  const table = attributes.u32(routeAttribute.table) ?? header.table;
  return [
    header.length === 0 ? 'default' : destination,
    ...(gateway === undefined ? [] : gatewayWords(gateway, header)),
    ...option('dev', index === undefined ? undefined : linkNamed(entry, index)),
    ...option('table', table === mainTable ? undefined : table),
    ...option('metric', attributes.u32(routeAttribute.metric)),
    ...option('mtu', attributes.nested(routeAttribute.metrics)?.u32(routeMetric.mtu)),
    ...option('src', source && ipFromBytes(source)),
    ...(header.protocol === 0 ? [] : ['proto', nameOfNumber(protocols, header.protocol) ?? header.protocol]),
    ...scopeWords(header, gateway !== undefined),
  ];
}

function gatewayWords(gateway: string, { family }: RouteHeader): Words {
  const foreign = family === addressFamily.ipv4 && gateway.includes(':');
  return foreign ? ['via', 'inet6', gateway] : ['via', gateway];
}

/** ip(8) takes `link` for granted where there is no gateway, so what differs has to be said. IPv6 has no scopes. */
function scopeWords({ family, scope, type }: RouteHeader, hasGateway: boolean): Words {
  if (family === addressFamily.ipv6 || type === 0) return [];
  const granted = hasGateway || type !== routeTypes.unicast ? routeScopes.global : routeScopes.link;
  return scope === granted ? [] : ['scope', nameOfNumber(routeScopes, scope) ?? scope];
}
