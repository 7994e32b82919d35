import { sysctlName } from '@fairlead/drivers';
import type { KernelObject, SysctlObject } from '@fairlead/netlink';

/** RTPROT_RA (include/uapi/linux/rtnetlink.h): a route that a router of the link has announced. */
const ANNOUNCED = 9;

/** The setting that makes the host a router for IPv6. */
const FORWARDING = 'net.ipv6.conf.all.forwarding';

/**
 * Settings without which the host itself would lose its IPv6: a router ignores other routers' announcements, and forgets
 * its default routes, unless the link has `accept_ra=2` (net/ipv6/addrconf.c, addrconf_forward_change). They have to be
 * made before forwarding is switched on, so they stand first.
 *
 * @param desired what is wanted; nothing is needed unless that makes the host forward IPv6.
 * @param hostRoutes the host's routes as they are.
 */
export function keepRouterAdvertisements(
  desired: readonly KernelObject[],
  hostRoutes: readonly KernelObject[],
): SysctlObject[] {
  if (!forwardsIpv6(desired)) return [];
  const links = hostRoutes.flatMap((route) =>
    route.kind === 'route' && route.protocol === ANNOUNCED && route.link !== undefined ? [route.link] : [],
  );
  return [...new Set(links)].map((link) => ({
    kind: 'sysctl',
    namespace: '',
    key: `net.ipv6.conf.${sysctlName(link)}.accept_ra`,
    value: '2',
  }));
}

/** True when these objects make the host a router for IPv6. */
export function forwardsIpv6(objects: readonly KernelObject[]): boolean {
  return objects.some((object) => object.kind === 'sysctl' && object.namespace === '' && object.key === FORWARDING);
}
