import { type IpAddress, parsePrefix } from '@fairlead/base';
import type { NamespaceName, RouteObject } from '@fairlead/netlink';

/** A way out of a sandbox: an interface and the router behind it. */
export interface Gateway {
  readonly link: string;
  readonly via: IpAddress;
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
  if (ipv4) routes.push({ kind: 'route', namespace, destination: DEFAULT_V4, via: ipv4.via, link: ipv4.link });
  if (ipv6) routes.push({ kind: 'route', namespace, destination: DEFAULT_V6, via: ipv6.via, link: ipv6.link });
  return routes;
}
