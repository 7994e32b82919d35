/**
 * Routes of others for addresses of a network of ours: a VPN's, mostly. Pure; whoever looks for them says which routes there
 * are and which links are ours.
 *
 * @module
 */
import { type Prefix, prefixesOverlap, prefixFamily, prefixLength } from '@fairlead/base';
import type { RouteObject } from './object/kernel-object.ts';

/** A route of somebody else for addresses of a subnet. */
export interface RouteOverlap {
  readonly subnet: Prefix;
  readonly destination: Prefix;
  /** The link that it leads to, or its type where it leads nowhere. */
  readonly place: string;
  /** True when packets for the subnet go there instead; otherwise the subnet hides what is there under its addresses. */
  readonly diverts: boolean;
}

/**
 * Which routes lead elsewhere with addresses of a subnet. Default routes, and those of links to themselves, are no trouble.
 *
 * @param isOwn true for links whose routes are ours.
 */
export function routeOverlaps(
  subnets: readonly Prefix[],
  routes: readonly RouteObject[],
  isOwn: (link: string) => boolean,
): RouteOverlap[] {
  return subnets.flatMap((subnet) =>
    routes
      .filter(({ destination, link }) => isAbout(subnet, destination) && !(link !== undefined && isOwn(link)))
      .map(({ destination, link, type }) => ({
        subnet,
        destination,
        place: link ?? type ?? 'nowhere',
        diverts: prefixLength(destination) >= prefixLength(subnet),
      })),
  );
}

/** True when a route to `destination` would be one for addresses of the subnet in particular. */
export function isAbout(subnet: Prefix, destination: Prefix): boolean {
  if (prefixLength(destination) === 0 || prefixFamily(destination) !== prefixFamily(subnet)) return false;
  return prefixesOverlap(destination, subnet) && !isLinkLocal(destination);
}

/** What an overlap means, in a sentence. */
export function overlapText(network: string, { subnet, destination, place, diverts }: RouteOverlap): string {
  return diverts
    ? `Packets for ${network} (${subnet}) go to ${place} instead: the route to ${destination} is as exact or more so.`
    : `${network} (${subnet}) lies within ${destination}, which ${place} leads to: containers cannot reach those of its addresses there.`;
}

function isLinkLocal(prefix: Prefix): boolean {
  return prefix.startsWith('fe80:') || prefix.startsWith('ff') || prefix.startsWith('169.254.');
}
