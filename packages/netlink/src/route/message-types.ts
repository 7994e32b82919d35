import { messageFlag } from '../message.ts';

/** Message types of NETLINK_ROUTE (include/uapi/linux/rtnetlink.h). */
export const routeMessage = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  deleteNeighbor: 29,
  getNeighbor: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newConfiguration: 80,
  newNamespaceId: 88,
  getNamespaceId: 90,
  newStatistics: 92,
  getStatistics: 94,
} as const;

/** Multicast groups of rtnetlink (enum rtnetlink_groups) that we listen to. */
export const routeGroup = {
  link: 1,
  neighbor: 3,
  ipv4Address: 5,
  ipv4Route: 7,
  ipv4Rule: 8,
  ipv6Address: 9,
  ipv6Route: 11,
  ipv6Rule: 19,
  ipv4Configuration: 24,
  ipv6Configuration: 25,
} as const;

/** Links, addresses, routes and rules. */
export const routingGroups: readonly number[] = [
  routeGroup.link,
  routeGroup.ipv4Address,
  routeGroup.ipv4Route,
  routeGroup.ipv4Rule,
  routeGroup.ipv6Address,
  routeGroup.ipv6Route,
  routeGroup.ipv6Rule,
];

/** Address families (include/linux/socket.h). */
export const addressFamily = { unspecified: 0, ipv4: 2, bridge: 7, ipv6: 10 } as const;

/** Flags of a request that makes something new and must not find it there. */
export const createFlags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive;

/** Flags of a request that makes something or puts it in the place of what is there. */
export const replaceFlags = messageFlag.acknowledge | messageFlag.create | messageFlag.replace;

/** The number of an IP version in kernel structures. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? addressFamily.ipv4 : addressFamily.ipv6;
}
