/**
 * Routes and policy-routing rules that come and go, in the words of `ip`. A door of its own: only the journal loads it.
 *
 * @module
 */
import type { Prefix } from '@fairlead/base';
import { Attributes } from './attribute.ts';
import type { Message } from './message.ts';
import { nameOfNumber } from './route/link-attributes.ts';
import { routeMessage } from './route/message-types.ts';
import {
  decodeRouteHeader,
  destinationIn,
  gatewayIn,
  localTable,
  mainTable,
  routeAttribute,
  routeHeaderLength,
  routeTypes,
} from './route/route.ts';
import {
  ACTION_TABLE,
  decodeRuleHeader,
  INVERT,
  markIn,
  prefixIn,
  ruleAttribute,
  ruleHeaderLength,
  suppressedIn,
} from './route/rule.ts';

/** A route or a policy-routing rule that has come or gone. */
export interface RoutingNews {
  /** `route 10.8.0.0/16 via 192.0.2.9 dev eth0`, `rule 500: from 10.8.0.0/16 lookup 100`. */
  readonly what: string;
  readonly verb: 'added' | 'removed';
  /** Of a route. */
  readonly destination?: Prefix;
  readonly link?: string;
}

/** RTPROT_KERNEL: what follows from addresses and links. */
const KERNEL = 2;
/** RTM_F_CLONED: an entry of the route cache. */
const CLONED = 0x200;
/** Who routes say that they are from, but for boot and static, which is said of all that people add. */
const origins: ReadonlyMap<number, string> = new Map([
  [9, 'ra'],
  [11, 'zebra'],
  [12, 'bird'],
  [16, 'dhcp'],
  [18, 'keepalived'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
]);
/** RTA_MULTIPATH. */
const SEVERAL_WAYS = 9;
/** FR_ACT_* that name no table. */
const actions: ReadonlyMap<number, string> = new Map([
  [2, 'goto'],
  [3, 'nop'],
  [6, 'blackhole'],
  [7, 'unreachable'],
  [8, 'prohibit'],
]);
/** `ip rule` has names for these. */
const tables: ReadonlyMap<number, string> = new Map([
  [253, 'default'],
  [mainTable, 'main'],
  [localTable, 'local'],
]);

/**
 * Read a notification about routes or rules, in the words of `ip`; `undefined` for what the kernel does by itself.
 *
 * @param linkName name of a link by its number, where it is known.
 */
export function decodeRoutingNews(
  message: Message,
  linkName: (index: number) => string | undefined,
): RoutingNews | undefined {
  switch (message.type) {
    case routeMessage.newRoute:
    case routeMessage.deleteRoute:
      return routeNews(message, linkName);
    case routeMessage.newRule:
    case routeMessage.deleteRule:
      return { what: ruleText(message), verb: message.type === routeMessage.newRule ? 'added' : 'removed' };
    default:
      return undefined;
  }
}

function routeNews(
  { type: messageType, body }: Message,
  linkName: (index: number) => string | undefined,
): RoutingNews | undefined {
  const header = decodeRouteHeader(body);
  const type = nameOfNumber(routeTypes, header.type);
  if (header.protocol === KERNEL || type === undefined || (header.flags & CLONED) !== 0) return undefined;
  const attributes = new Attributes(body.subarray(routeHeaderLength));
  const destination = destinationIn(attributes, header);
  const index = attributes.u32(routeAttribute.link);
  const link = type !== 'unicast' || index === undefined ? undefined : (linkName(index) ?? `#${index}`);
  const table = attributes.u32(routeAttribute.table) ?? header.table;
  const via = gatewayIn(attributes);
  const words = [
    ...(type === 'unicast' ? [] : [type]),
    destination === '0.0.0.0/0' || destination === '::/0' ? 'default' : destination,
    ...(via === undefined ? [] : ['via', via]),
    ...(link === undefined ? [] : ['dev', link]),
    ...(attributes.bytes(SEVERAL_WAYS) === undefined ? [] : ['by several ways']),
    ...(origins.has(header.protocol) ? ['proto', origins.get(header.protocol)] : []),
    ...(table === mainTable ? [] : ['table', table]),
  ];
  return {
    what: `route ${words.join(' ')}`,
    verb: messageType === routeMessage.newRoute ? 'added' : 'removed',
    destination,
    ...(link !== undefined && { link }),
  };
}

function ruleText({ body }: Message): string {
  const header = decodeRuleHeader(body);
  const attributes = new Attributes(body.subarray(ruleHeaderLength));
  const mark = markIn(attributes);
  const table = attributes.u32(ruleAttribute.table) ?? header.table;
  const suppressed = suppressedIn(attributes);
  const option = (word: string, value: string | undefined) => (value === undefined ? [] : [word, value]);
  const isLookup = header.action === ACTION_TABLE;
  const words = [
    ...((header.flags & INVERT) === 0 ? [] : ['not']),
    'from',
    prefixIn(attributes, ruleAttribute.source, header.sourceLength) ?? 'all',
    ...option('to', prefixIn(attributes, ruleAttribute.destination, header.destinationLength)),
    ...option('iif', attributes.text(ruleAttribute.incoming)),
    ...option('oif', attributes.text(ruleAttribute.outgoing)),
    ...option('fwmark', mark && hexOf(mark.value) + (mark.mask === 0xffff_ffff ? '' : `/${hexOf(mark.mask)}`)),
    ...(isLookup ? ['lookup', tables.get(table) ?? String(table)] : [actions.get(header.action) ?? '?']),
    ...(suppressed === undefined ? [] : ['suppress_prefixlength', suppressed]),
  ];
  return `rule ${attributes.u32(ruleAttribute.priority) ?? 0}: ${words.join(' ')}${header.family === 6 ? ' (IPv6)' : ''}`;
}

function hexOf(value: number): string {
  return `0x${value.toString(16)}`;
}
