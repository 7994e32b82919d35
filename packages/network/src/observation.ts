import { isOwnAlias } from '@fairlead/drivers';
import { tableName } from '@fairlead/firewall';
import {
  identityOf,
  type KernelObject,
  type LinkObject,
  type NamespaceName,
  type SysctlObject,
} from '@fairlead/netlink';
import type { KernelPort } from './kernel-port.ts';

/** Kinds that we make in the host's namespace; its routes are only looked at. */
const hostKinds = ['link', 'address', 'route', 'table', 'element'] as const;

/** Kinds that we make in a sandbox. */
const sandboxKinds = ['link', 'address', 'route', 'table'] as const;

/** What the kernel holds, as far as reconciliation is concerned with it. */
export interface Observation {
  /** What is wanted, is ours, or both: all of it may be changed or removed. */
  readonly objects: readonly KernelObject[];
  /** Inner ends of veth pairs that their container has renamed or taken elsewhere: `namespace|name`. */
  readonly astray: ReadonlySet<string>;
}

/**
 * Read back what is wanted and what is ours but not wanted. In the host's namespace links say themselves whose they are;
 * in a container's, what nobody asked for is the container's own business.
 */
export function observeOwn(
  kernel: KernelPort,
  desired: readonly KernelObject[],
  host: readonly KernelObject[],
  namespacePrefix: string,
): Observation {
  const wanted = new Map(desired.map((object) => [identityOf(object), object]));
  const places = new Set(desired.map(({ namespace }) => namespace));
  const pinned = kernel.namespaces();
  const objects = ownHostObjects(host, wanted, new Set(pinned));
  for (const namespace of pinned) {
    if (places.has(namespace)) {
      objects.push({ kind: 'namespace', namespace });
      objects.push(...kernel.observe(namespace, sandboxKinds).filter((object) => isOwnInside(object, wanted)));
    } else if (namespace.startsWith(namespacePrefix)) objects.push({ kind: 'namespace', namespace });
  }
  objects.push(...settings(kernel, desired, objects));
  return { objects, astray: strayEnds(objects, wanted) };
}

/** What the host's namespace holds of the kinds that we make there, and its routes. */
export function observeHost(kernel: KernelPort): readonly KernelObject[] {
  return kernel.observe('', hostKinds);
}

/** Links that say they are ours and the addresses on them, the elements of our table, and whatever is wanted anyway. */
function ownHostObjects(
  observed: readonly KernelObject[],
  wanted: ReadonlyMap<string, KernelObject>,
  pinned: ReadonlySet<NamespaceName>,
): KernelObject[] {
  const own = new Set(
    observed.flatMap((object) => (object.kind === 'link' && isOwnAlias(object.alias) ? [object.name] : [])),
  );
  return observed
    .filter((object) => {
      if (wanted.has(identityOf(object))) return true;
      if (object.kind === 'link') return own.has(object.name);
      if (object.kind === 'address') return own.has(object.link) && !object.address.startsWith('fe80:');
      return object.kind === 'element' && object.table === tableName;
    })
    .map((object) => (leadsNowhere(object, wanted, pinned) ? asRemovable(object) : object));
}

/**
 * True for the outer end of a veth that nobody wants, or whose other end went with its namespace. An observed veth does
 * not say which end it is; those in the host's namespace that are ours are outer ones.
 */
function leadsNowhere(
  object: KernelObject,
  wanted: ReadonlyMap<string, KernelObject>,
  pinned: ReadonlySet<NamespaceName>,
): object is LinkObject {
  if (object.kind !== 'link' || object.type.kind !== 'veth') return false;
  const want = wanted.get(identityOf(object));
  if (want?.kind !== 'link' || want.type.kind !== 'veth') return true;
  return want.type.peer !== undefined && !pinned.has(want.type.peer.namespace);
}

/** An end without a peer would count as an inner one, which is never removed on its own. */
function asRemovable(link: LinkObject): LinkObject {
  return { ...link, type: { kind: 'other', name: 'veth' } };
}

function isOwnInside(object: KernelObject, wanted: ReadonlyMap<string, KernelObject>): boolean {
  return wanted.has(identityOf(object)) || (object.kind === 'table' && object.definition.name === tableName);
}

/** Settings cannot be listed: those that are wanted are read, where there is something that they could be of. */
function settings(
  kernel: KernelPort,
  desired: readonly KernelObject[],
  objects: readonly KernelObject[],
): SysctlObject[] {
  const present = new Set<NamespaceName>(['', ...objects.map(({ namespace }) => namespace)]);
  return desired.flatMap((object) => {
    if (object.kind !== 'sysctl' || !present.has(object.namespace)) return [];
    const value = kernel.readSysctl(object.namespace, object.key);
    return value === undefined ? [] : [{ ...object, value }];
  });
}

function strayEnds(objects: readonly KernelObject[], wanted: ReadonlyMap<string, KernelObject>): ReadonlySet<string> {
  const present = new Set(objects.map(identityOf));
  return new Set(
    objects.flatMap((object) => {
      const want = object.kind === 'link' ? wanted.get(identityOf(object)) : undefined;
      if (object.kind !== 'link' || object.type.kind !== 'veth' || want?.kind !== 'link') return [];
      const inner = want.type.kind === 'veth' ? want.type.peer : undefined;
      if (inner === undefined || present.has(identityOf({ ...want, namespace: inner.namespace, name: inner.name })))
        return [];
      return [`${inner.namespace}|${inner.name}`];
    }),
  );
}
