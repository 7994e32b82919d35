import { type Change, identityOf, type KernelObject } from '@fairlead/netlink';

/** Kinds in the order in which they can be made; taken away in the reverse order. */
const order: Record<KernelObject['kind'], number> = {
  namespace: 0,
  table: 1,
  link: 2,
  sysctl: 3,
  address: 4,
  route: 6,
  rule: 7,
  neighbor: 8,
  fdb: 9,
  element: 10,
};

/** An inner veth end comes up after its addresses are there, so that they are announced with it; routes need it up. */
const LINK_UP = 5;

/**
 * The changes that lead from `observed` to `desired`: what is missing is added before what is too much is removed, and
 * what goes away together with something else (an address with its link, everything with its namespace) is not removed
 * on its own.
 *
 * @param observed only what may be removed or changed; what belongs to others must not be in it.
 */
export function diff(desired: readonly KernelObject[], observed: readonly KernelObject[]): Change[] {
  const have = new Map(observed.map((object) => [identityOf(object), object]));
  const want = new Map(desired.map((object) => [identityOf(object), object]));
  const changes: Change[] = [];
  for (const [identity, object] of want) {
    const previous = have.get(identity);
    if (previous === undefined) changes.push({ action: 'add', object });
    else if (!satisfies(previous, object)) changes.push({ action: 'change', object, previous });
  }
  changes.sort((a, b) => rank(a.object) - rank(b.object));
  const surplus = observed.filter((object) => !want.has(identityOf(object)));
  return [...changes, ...removals(surplus)];
}

/** The changes that take `objects` away. */
export function removals(objects: readonly KernelObject[]): Change[] {
  const namespaces = new Set(objects.filter((object) => object.kind === 'namespace').map((object) => object.namespace));
  const links = new Set(objects.filter((object) => object.kind === 'link').map(placeOf));
  return objects
    .filter((object) => !vanishesWith(object, namespaces, links))
    .sort((a, b) => rank(b) - rank(a))
    .map((object) => ({ action: 'remove', object }));
}

function vanishesWith(object: KernelObject, namespaces: ReadonlySet<string>, links: ReadonlySet<string>): boolean {
  // A setting of the host stays: nobody can say who else relies on it by now. One of a link goes with the link.
  if (object.kind === 'sysctl') return true;
  if (object.kind !== 'namespace' && namespaces.has(object.namespace)) return true;
  if (object.kind === 'link') {
    if (object.type.kind !== 'veth') return false;
    return object.type.peer === undefined || namespaces.has(object.type.peer.namespace);
  }
  return 'link' in object && object.link !== undefined && links.has(`${object.namespace}|${object.link}`);
}

function placeOf(object: KernelObject): string {
  return object.kind === 'link' ? `${object.namespace}|${object.name}` : '';
}

function rank(object: KernelObject): number {
  const innerEnd = object.kind === 'link' && object.type.kind === 'veth' && object.type.peer === undefined;
  return innerEnd ? LINK_UP : order[object.kind];
}

/** True when `observed` has every property that `desired` asks for; what is not asked for may be anything. */
function satisfies(observed: unknown, desired: unknown): boolean {
  if (desired === undefined || Object.is(observed, desired)) return true;
  if (typeof desired !== 'object' || desired === null || typeof observed !== 'object' || observed === null) return false;
  if (Array.isArray(desired)) {
    return Array.isArray(observed) && desired.length === observed.length && desired.every((item, i) => satisfies(observed[i], item));
  }
  const found = new Map<string, unknown>(Object.entries(observed));
  return Object.entries(desired).every(([key, value]) => key === 'peer' || satisfies(found.get(key), value));
}
