import { addressOf, familyOf, LEAST_MTU6, prefixFamily } from '@fairlead/base';
import {
  type AddressObject,
  type FdbObject,
  identityOf,
  type KernelObject,
  type NeighborObject,
  type QdiscObject,
  type RouteObject,
  type RuleObject,
  type SysctlObject,
  satisfies,
} from '@fairlead/netlink';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { type FakeSpace, refuse } from './fake-space.ts';

/** Put an address on a link. */
export function addAddress(space: FakeSpace, object: AddressObject, operation: string): void {
  space.link(operation, object.link);
  const same = space
    .find('address')
    .find(({ link, address }) => link === object.link && addressOf(address) === addressOf(object.address));
  // IPv6 has an address once for each link, whatever the prefix.
  if (same !== undefined && same.address !== object.address && prefixFamily(object.address) === 6)
    refuse(operation, 'EEXIST');
  space.put(object);
}

/** Add a route, or put it in the place of another one. */
export function addRoute(space: FakeSpace, route: RouteObject, operation: string, replaces: boolean): void {
  const ipv6 = prefixFamily(route.destination) === 6;
  if (route.link !== undefined) {
    const { up } = space.link(operation, route.link);
    if (!up) refuse(operation, 'ENETDOWN');
  } else if (route.type === undefined && route.via === undefined) refuse(operation, ipv6 ? 'ENODEV' : 'EINVAL');
  if (route.via !== undefined && !space.isOnLink(route.via, route.link)) {
    refuse(operation, familyOf(route.via) === 6 ? 'EHOSTUNREACH' : 'ENETUNREACH');
  }
  const made = { protocol: 4, ...route };
  if (!replaces) refuseOther(space, made, operation);
  space.put(made);
}

/** Add a policy-routing rule. */
export function addRule(space: FakeSpace, rule: RuleObject, operation: string): void {
  refuseOther(space, rule, operation);
  space.put(rule);
}

/** Make a permanent neighbour entry; it replaces what is there. */
export function addNeighbor(space: FakeSpace, object: NeighborObject, operation: string): void {
  space.link(operation, object.link);
  space.put(object);
}

/** Make a forwarding-database entry. */
export function addFdb(space: FakeSpace, object: FdbObject, operation: string): void {
  const link = space.link(operation, object.link);
  if (object.on === 'master' && link.master === undefined) refuse(operation, 'EOPNOTSUPP');
  if (object.on === 'self' && object.destination !== undefined && link.type.kind !== 'vxlan')
    refuse(operation, 'EINVAL');
  space.put(object);
}

/** Limit what a link sends, in the place of another limit. */
export function putQdisc(space: FakeSpace, object: QdiscObject, operation: string): void {
  space.link(operation, object.link);
  space.put(object);
}

/** Write a sysctl: a key of a link is there only with the link. */
export function writeSysctl(space: FakeSpace, object: SysctlObject): void {
  const link = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\.[^.]+$/.exec(object.key)?.[1]?.replaceAll('/', '.');
  const least = object.key.startsWith('net.ipv6.conf.') ? LEAST_MTU6 : 0;
  const isThere = (name: string) => space.links.has(name) && (space.links.get(name)?.mtu ?? least) >= least;
  const known =
    object.key.startsWith('net.') && (link === undefined || link === 'all' || link === 'default' || isThere(link));
  if (!known) throw new SystemCallError(`write ${object.key}`, 'ENOENT');
  space.put(object);
}

/** What is there exactly so is success, what is there otherwise is not. */
function refuseOther(space: FakeSpace, object: KernelObject, operation: string): void {
  const existing = space.objects.get(identityOf(object));
  if (existing !== undefined && !satisfies(existing, object)) refuse(operation, 'EEXIST');
}
