/**
 * Routes of others for addresses of a network of ours: a VPN's, mostly. Pure; whoever looks for them says which routes there
 * are and which links are ours.
 *
 * @module
 */
import { type Prefix, prefixesOverlap, prefixFamily, prefixLength } from '@fairlead/base';
import type { RouteObject, RuleObject } from './object/kernel-object.ts';
import { localTable, mainTable } from './route/route.ts';

/** A route of somebody else for addresses of a subnet. */
export interface RouteOverlap {
  readonly subnet: Prefix;
  readonly destination: Prefix;
  /** The link that it leads to, or its type where it leads nowhere. */
  readonly place: string;
  /** True when packets for the subnet go there instead; otherwise the subnet hides what is there under its addresses. */
  readonly diverts: boolean;
  /** The table that it is in; absent means the main one, which has our own routes. */
  readonly table?: number;
}

/** What a host has for packets that are to be routed, as far as they are not narrowed down. */
export interface RoutingPolicy {
  readonly routes: readonly RouteObject[];
  readonly rules: readonly RuleObject[];
}

/**
 * Which routes lead elsewhere with addresses of a subnet. In the main table default routes, and those of links to themselves,
 * are no trouble; in a table that is asked before it, as by some VPNs, every route is that is not taken back by a more exact
 * one.
 *
 * @param isOwn true for links whose routes are ours.
 */
export function routeOverlaps(
  subnets: readonly Prefix[],
  { routes, rules }: RoutingPolicy,
  isOwn: (link: string) => boolean,
): RouteOverlap[] {
  const isOurs = ({ link }: RouteObject) => link !== undefined && isOwn(link);
  return subnets.flatMap((subnet) => {
    const inMain = routes.filter((route) => route.table === undefined && route.type !== 'throw' && !isOurs(route));
    const others = tablesFor(subnet, rules).flatMap((asked) => overlapsIn(asked, subnet, routes, isOurs));
    return [
      ...inMain
        .filter(({ destination }) => isAbout(subnet, destination))
        .map((route) => overlapOf(route, subnet, prefixLength(route.destination) >= prefixLength(subnet))),
      ...others,
    ];
  });
}

function overlapOf(route: RouteObject, subnet: Prefix, diverts: boolean): RouteOverlap {
  const { destination, link, type, table } = route;
  return { subnet, destination, place: link ?? type ?? 'nowhere', diverts, ...(table !== undefined && { table }) };
}

/** A table that packets for a subnet are looked up in. */
interface AskedTable {
  readonly table: number;
  readonly isBeforeMain: boolean;
  readonly suppress: number;
}

/** Tables beside the main one that any packet for a subnet is looked up in, in order, each once. */
function tablesFor(subnet: Prefix, rules: readonly RuleObject[]): AskedTable[] {
  const asked = new Map<number, AskedTable>();
  let isBeforeMain = true;
  for (const { table, suppress = -1 } of rules
    .filter((rule) => isForAnything(rule, subnet))
    .sort((a, b) => a.priority - b.priority)) {
    if (table === mainTable) isBeforeMain &&= suppress >= prefixLength(subnet);
    else if (table !== localTable && !asked.has(table)) asked.set(table, { table, isBeforeMain, suppress });
  }
  return [...asked.values()];
}

/** True for rules that any packet for a subnet meets; not those for some senders, marks, links or users. */
function isForAnything(rule: RuleObject, subnet: Prefix): boolean {
  const { family, from, to, incoming, outgoing, mark, inverted, narrowed } = rule;
  if (family !== prefixFamily(subnet)) return false;
  const isForSome = [from, incoming, outgoing, mark, narrowed].some((selector) => selector !== undefined);
  const isForSubnet = to === undefined || prefixesOverlap(to, subnet);
  return inverted === true ? isForSome || !isForSubnet : !isForSome && isForSubnet;
}

function overlapsIn(
  { table, isBeforeMain, suppress }: AskedTable,
  subnet: Prefix,
  routes: readonly RouteObject[],
  isOurs: (route: RouteObject) => boolean,
): RouteOverlap[] {
  const present = routes.filter((route) => route.table === table && prefixLength(route.destination) > suppress);
  const leavesAlone = (route: RouteObject) => route.type === 'throw' || isOurs(route);
  // The longest prefix that leads all of the subnet back to us.
  const shield = Math.max(
    -1,
    ...present
      .filter((route) => leavesAlone(route) && covers(route.destination, subnet))
      .map(({ destination }) => prefixLength(destination)),
  );
  return present
    .filter(({ destination }) => {
      if (!isBeforeMain) return isAbout(subnet, destination);
      return (
        isSameFamily(destination, subnet) && prefixesOverlap(destination, subnet) && prefixLength(destination) > shield
      );
    })
    .filter((route) => !leavesAlone(route))
    .map((route) => overlapOf(route, subnet, isBeforeMain));
}

function covers(destination: Prefix, subnet: Prefix): boolean {
  const isWider = prefixLength(destination) <= prefixLength(subnet);
  return isWider && isSameFamily(destination, subnet) && prefixesOverlap(destination, subnet);
}

function isSameFamily(a: Prefix, b: Prefix): boolean {
  return prefixFamily(a) === prefixFamily(b);
}

/** True when a route to `destination` would be one for addresses of the subnet in particular. */
export function isAbout(subnet: Prefix, destination: Prefix): boolean {
  if (isDefault(destination) || !isSameFamily(destination, subnet)) return false;
  return prefixesOverlap(destination, subnet) && !isLinkLocal(destination);
}

/** True for a default route, also one in halves, which VPNs put before another one, and for all of IPv6 that is global. */
export function isDefault(destination: Prefix): boolean {
  return prefixLength(destination) <= (prefixFamily(destination) === 4 ? 1 : 3);
}

/** What an overlap means, in a sentence. */
export function overlapText(network: string, { subnet, destination, place, diverts, table }: RouteOverlap): string {
  const ours = `${network} (${subnet})`;
  if (table !== undefined) {
    return diverts
      ? `Packets for ${ours} go to ${place} instead: table ${table} is asked before the main one and has a route to ${destination}.`
      : `${ours} hides addresses of ${destination}, for which table ${table} has a route to ${place}: containers cannot reach them there.`;
  }
  return diverts
    ? `Packets for ${ours} go to ${place} instead: the route to ${destination} is as exact or more so.`
    : `${ours} lies within ${destination}, which ${place} leads to: containers cannot reach those of its addresses there.`;
}

/** A route as `ip route` says it. */
export function overlapRoute({ destination, place, table }: RouteOverlap): string {
  return `${destination} dev ${place}${table === undefined ? '' : ` table ${table}`}`;
}

function isLinkLocal(prefix: Prefix): boolean {
  return prefix.startsWith('fe80:') || prefix.startsWith('ff') || prefix.startsWith('169.254.');
}
