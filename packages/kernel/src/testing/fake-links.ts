import {
  homeOfLink,
  isInnerEnd,
  isPresent,
  type KernelObject,
  type LinkObject,
  type VethType,
} from '@fairlead/netlink';
import { type FakeSpace, type FakeWorld, refuse, spaceOf } from './fake-space.ts';

/** IFNAMSIZ without the terminating zero. */
const LONGEST_NAME = 15;

/** Make a link, or bring a veth's inner end into shape. */
export function addLink(world: FakeWorld, link: LinkObject, operation: string): void {
  const space = spaceOf(world, link.namespace);
  checkName(link.name, operation);
  checkMaster(space, link, operation);
  if (isInnerEnd(link.type)) {
    changeLink(world, link, space.link(operation, link.name), operation);
    return;
  }
  const existing = space.links.get(link.name);
  if (existing !== undefined) {
    if (!isPresent(existing, link)) refuse(operation, 'EEXIST');
    return;
  }
  if (link.type.kind === 'moved') {
    const { type, ...shape } = link;
    const from = spaceOf(world, homeOfLink(link));
    moveLink({ from, name: type.source, to: space, as: link.name }, operation);
    changeLink(world, { ...space.link(operation, link.name), ...shape }, space.link(operation, link.name), operation);
    return;
  }
  if ('parent' in link.type) checkParent(world, link, link.type.parent, operation);
  if (link.type.kind === 'veth' && link.type.peer !== undefined)
    addPeer(world, space, link.name, link.type.peer, operation);
  space.links.set(link.name, withoutPeer(link));
}

function addPeer(
  world: FakeWorld,
  space: FakeSpace,
  name: string,
  peer: NonNullable<VethType['peer']>,
  operation: string,
): void {
  const there = spaceOf(world, peer.namespace);
  checkName(peer.name, operation);
  if (there.links.has(peer.name) || (there === space && peer.name === name)) refuse(operation, 'EEXIST');
  const { namespace, ...shape } = peer;
  there.links.set(peer.name, { kind: 'link', namespace, type: { kind: 'veth' }, up: false, mtu: 1500, ...shape });
  there.peers.set(peer.name, { space, name });
  space.peers.set(name, { space: there, name: peer.name });
}

/** It arrives down, without addresses and whatever else was on it. */
function moveLink(
  {
    from,
    name,
    to,
    as,
  }: { readonly from: FakeSpace; readonly name: string; readonly to: FakeSpace; readonly as: string },
  operation: string,
): void {
  const { master: _, ...link } = from.link(operation, name);
  if (to.links.has(as)) refuse(operation, 'EEXIST');
  const peer = from.peers.get(name);
  from.links.delete(name);
  from.peers.delete(name);
  from.drop((object) => isOn(object, name));
  to.links.set(as, { ...link, namespace: to.name, name: as, up: false });
  if (peer === undefined) return;
  to.peers.set(as, peer);
  peer.space.peers.set(peer.name, { space: to, name: as });
}

/** As it is observed: the other end is a link of its own. */
function withoutPeer(link: LinkObject): LinkObject {
  return link.type.kind === 'veth' ? { mtu: 1500, ...link, type: { kind: 'veth' } } : { mtu: 1500, ...link };
}

/** The kernel takes 15 bytes without slash, colon and blank (net/core/dev.c, dev_valid_name). */
function checkName(name: string, operation: string): void {
  if (name.length > LONGEST_NAME) refuse(operation, 'ERANGE');
  if (!/^[^/:\s]+$/.test(name) || name === '.' || name === '..') refuse(operation, 'EINVAL');
}

function checkMaster(space: FakeSpace, { master }: LinkObject, operation: string): void {
  if (master !== undefined && space.link(operation, master).type.kind !== 'bridge') refuse(operation, 'EOPNOTSUPP');
}

/** A parent has to be there, and one in mode passthru has a single macvlan (drivers/net/macvlan.c). */
function checkParent(world: FakeWorld, link: LinkObject, parent: string, operation: string): void {
  const home = link.madeIn ?? link.namespace;
  spaceOf(world, home).link(operation, parent);
  if (link.type.kind !== 'macvlan') return;
  const { mode } = link.type;
  const modes = [...world.values()].flatMap((space) => macvlanModes(space, home, parent));
  if (modes.includes('passthru') || (mode === 'passthru' && modes.length > 0)) refuse(operation, 'EINVAL');
}

function macvlanModes(space: FakeSpace, home: string, parent: string): string[] {
  return [...space.links.values()].flatMap(({ type, madeIn, namespace }) =>
    type.kind === 'macvlan' && type.parent === parent && (madeIn ?? namespace) === home ? [type.mode] : [],
  );
}

/** Give a link other properties. */
export function changeLink(world: FakeWorld, link: LinkObject, previous: LinkObject, operation: string): void {
  const space = spaceOf(world, link.namespace);
  const existing = space.link(operation, link.name);
  checkMaster(space, link, operation);
  const { master: _, ...unbound } = existing;
  const released = previous.master !== undefined && link.master === undefined && !isInnerEnd(link.type);
  space.links.set(link.name, { ...(released ? unbound : existing), ...withoutPeer(link) });
  if (!link.up) space.drop((object) => object.kind === 'route' && object.link === link.name);
}

/** Delete a link with all that hangs on it; one that is gone is success. */
export function removeLink(world: FakeWorld, link: LinkObject): void {
  const space = world.get(link.namespace);
  if (space === undefined || isInnerEnd(link.type)) return;
  if (link.type.kind !== 'moved') return dropLink(world, space, link.name);
  const { alias: _, ...rest } = space.links.get(link.name) ?? link;
  if (!space.links.has(link.name)) return;
  space.links.set(link.name, rest);
  const home = spaceOf(world, homeOfLink(link));
  moveLink({ from: space, name: link.name, to: home, as: link.type.source }, `remove link ${link.name}`);
}

function dropLink(world: FakeWorld, space: FakeSpace, name: string): void {
  if (!space.links.delete(name)) return;
  space.drop((object) => isOn(object, name));
  const peer = space.peers.get(name);
  space.peers.delete(name);
  if (peer !== undefined) dropLink(world, peer.space, peer.name);
  releasePorts(space, name);
  for (const other of world.values()) dropChildren(world, other, space, name);
}

function isOn(object: KernelObject, link: string): boolean {
  if (object.kind === 'sysctl') return object.key.split('.').includes(link.replaceAll('.', '/'));
  return 'link' in object && object.link === link;
}

function releasePorts(space: FakeSpace, bridge: string): void {
  for (const [name, { master, ...port }] of space.links) if (master === bridge) space.links.set(name, port);
}

function dropChildren(world: FakeWorld, space: FakeSpace, parents: FakeSpace, parent: string): void {
  for (const child of [...space.links.values()]) {
    const home = child.madeIn ?? child.namespace;
    if ('parent' in child.type && child.type.parent === parent && home === parents.name)
      dropLink(world, space, child.name);
  }
}

/** Everything that was in a namespace goes, and the other ends of its veths with it. */
export function emptySpace(world: FakeWorld, space: FakeSpace): void {
  for (const name of [...space.links.keys()]) dropLink(world, space, name);
}
