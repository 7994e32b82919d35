import { type IpAddress, parsePrefix } from '@fairlead/base';
import type { NamespaceName, RouteObject } from '@fairlead/netlink';

/** A way out of a sandbox. */
export interface Gateway {
  readonly link: string;
  /** The router behind the interface; absent where the other end of the link takes everything (ipvlan l3). */
  readonly via?: IpAddress;
}

const DEFAULT_V4 = parsePrefix('0.0.0.0/0');
const DEFAULT_V6 = parsePrefix('::/0');

/** The default routes of a sandbox; the two families may leave by different interfaces. */
export function defaultRoutes(
  namespace: NamespaceName,
  gateways: { readonly ipv4?: Gateway | undefined; readonly ipv6?: Gateway | undefined },
): RouteObject[] {
  const routes: RouteObject[] = [];
  const { ipv4, ipv6 } = gateways;
  // A route without a router is one of the link itself; the routes of IPv6 have no scope.
  const scope = ipv4?.via === undefined ? { scope: 'link' as const } : {};
  if (ipv4) routes.push({ kind: 'route', namespace, destination: DEFAULT_V4, ...ipv4, ...scope });
  if (ipv6) routes.push({ kind: 'route', namespace, destination: DEFAULT_V6, ...ipv6 });
  return routes;
}
