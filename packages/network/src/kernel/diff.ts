import {
  type Change,
  identityOf,
  type KernelObject,
  type SysctlObject,
  satisfies,
  type TableObject,
} from '@fairlead/netlink';

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
  qdisc: 10,
  element: 11,
};

/** A link in a sandbox comes up after its addresses are there, so that they are announced with it; routes need it up. */
const LINK_UP = 5;

/** A port comes after its bridge, and a link after its parent. */
const UPPER_LINK = 2.5;

/** A link that we would not make so is only ever removed: first in place of another, last of all for good. */
const NEVER_MADE = -1;

/**
 * The changes that lead from `observed` to `desired`: what is missing is added before what is too much is removed, and
 * what goes away together with something else (an address with its link, everything with its namespace) is not removed
 * on its own. Elements alone are removed first, for a new interval may overlap an old one.
 *
 * @param observed only what may be removed or changed; what belongs to others must not be in it.
 */
export function diff(desired: readonly KernelObject[], observed: readonly KernelObject[]): Change[] {
  const want = byIdentity(desired);
  const have = byIdentity(observed);
  const lost = new Set([...lostWithTables(want, have), ...lostWithLinks(want, have)]);
  const changes: Change[] = [];
  for (const [identity, object] of want) {
    const previous = have.get(identity);
    if (previous === undefined || lost.has(identity)) changes.push(...addition(object));
    else if (!satisfies(previous, object)) changes.push(...replacement(previous, object, lostFrom(lost, have)));
  }
  const surplus = removals([...have].flatMap(([identity, object]) => (want.has(identity) ? [] : [object])));
  const elements = changes.filter(({ object }) => object.kind === 'element');
  return [
    ...changes.filter(({ object }) => object.kind !== 'element').sort((a, b) => rankOf(a) - rankOf(b)),
    ...surplus.filter(({ object }) => object.kind === 'element'),
    ...elements,
    ...surplus.filter(({ object }) => object.kind !== 'element'),
  ];
}

/** The changes that take `objects` away; the last of them, which all that vanishes hangs on, says what that is. */
export function removals(objects: readonly KernelObject[]): Change[] {
  const namespaces = new Set(objects.filter((object) => object.kind === 'namespace').map((object) => object.namespace));
  const links = new Set(objects.flatMap((object) => (object.kind === 'link' ? [placeOf(object, object.name)] : [])));
  const { removed = [], vanishing = [] } = Object.groupBy(objects, (object) =>
    vanishesWith(object, namespaces, links) ? 'vanishing' : 'removed',
  );
  const alongside = vanishing.filter((object) =>
    object.kind === 'sysctl' ? isOfThese(object, namespaces, links) : !isTableOfHost(object),
  );
  const last = removed.length - 1;
  return removed
    .sort((a, b) => rank(b) - rank(a))
    .map((object, at) => ({ action: 'remove', object, ...(at === last && alongside.length > 0 && { alongside }) }));
}

function byIdentity(objects: readonly KernelObject[]): Map<string, KernelObject> {
  return new Map(objects.map((object) => [identityOf(object), object]));
}

/** True when a table's contents stay: one whose owner died is only adopted. */
function holdsSame(previous: TableObject, wanted: TableObject): boolean {
  const { protected: _, ...contents } = wanted.definition;
  return satisfies(previous, { ...wanted, definition: contents });
}

/** Where something is made anew. @param nameOf the name of what is; `undefined` of what stays. */
function remadePlaces(
  want: ReadonlyMap<string, KernelObject>,
  have: ReadonlyMap<string, KernelObject>,
  nameOf: (previous: KernelObject, wanted: KernelObject) => string | undefined,
): ReadonlySet<string> {
  const places = new Set<string>();
  for (const [identity, object] of want) {
    const previous = have.get(identity);
    const name = previous && nameOf(previous, object);
    if (name !== undefined) places.add(placeOf(object, name));
  }
  return places;
}

/** Elements that may go when the definition of their table changes, for their set is made anew if it changes too. */
function lostWithTables(
  want: ReadonlyMap<string, KernelObject>,
  have: ReadonlyMap<string, KernelObject>,
): ReadonlySet<string> {
  const remade = remadePlaces(want, have, (previous, object) =>
    object.kind === 'table' && previous.kind === 'table' && !holdsSame(previous, object)
      ? object.definition.name
      : undefined,
  );
  if (remade.size === 0) return remade;
  const elements = [...have].filter(
    ([, object]) => object.kind === 'element' && remade.has(placeOf(object, object.table)),
  );
  return new Set(elements.map(([identity]) => identity));
}

function lostFrom(lost: ReadonlySet<string>, have: ReadonlyMap<string, KernelObject>): KernelObject[] {
  return [...lost].flatMap((identity) => have.get(identity) ?? []);
}

/** A link cannot become one of another kind, nor hang on another parent. */
function replacement(previous: KernelObject, object: KernelObject, lost: readonly KernelObject[]): Change[] {
  if (!isRemade(previous, object)) return [{ action: 'change', object, previous }];
  const alongside = lost.filter((one) => 'link' in one && previous.kind === 'link' && one.link === previous.name);
  return [{ action: 'remove', object: previous, ...(alongside.length > 0 && { alongside }) }, ...addition(object)];
}

function isRemade(previous: KernelObject, object: KernelObject): boolean {
  if (previous.kind !== 'link' || object.kind !== 'link') return false;
  return !satisfies(previous, { ...previous, type: object.type }) || previous.madeIn !== object.madeIn;
}

/** What goes with a link that is made anew: its addresses, and the routes over it. */
function lostWithLinks(
  want: ReadonlyMap<string, KernelObject>,
  have: ReadonlyMap<string, KernelObject>,
): ReadonlySet<string> {
  const remade = remadePlaces(want, have, (previous, object) =>
    object.kind === 'link' && isRemade(previous, object) ? object.name : undefined,
  );
  if (remade.size === 0) return remade;
  const isOn = (object: KernelObject) =>
    'link' in object && object.link !== undefined && remade.has(placeOf(object, object.link));
  return new Set([...have].flatMap(([identity, object]) => (isOn(object) ? [identity] : [])));
}

/** A link on a parent is made down, for it has to wait for its addresses and settings as inner ends do. */
function addition(object: KernelObject): Change[] {
  if (object.kind !== 'link' || !(isOnForeignParent(object) || isBesideContainers(object)))
    return [{ action: 'add', object }];
  const down = { ...object, up: false };
  return [
    { action: 'add', object: down },
    { action: 'change', object, previous: down },
  ];
}

function vanishesWith(object: KernelObject, namespaces: ReadonlySet<string>, links: ReadonlySet<string>): boolean {
  // A setting of the host stays: nobody can say who else relies on it by now. One of a link goes with the link.
  if (object.kind === 'sysctl') return true;
  // A table of the host is everybody's: who knows what all want takes it away (see reconcile.ts).
  if (isTableOfHost(object)) return true;
  // What a namespace holds goes in the kernel's own time: until then a parent would have no room for a successor with
  // the same hardware address, or for any (drivers/net/macvlan.c, macvlan_open).
  if (isOnForeignParent(object)) return false;
  if (object.kind !== 'namespace' && namespaces.has(object.namespace)) return true;
  if (object.kind === 'link') {
    if (object.type.kind !== 'veth') return false;
    return isInnerEnd(object) || (object.type.peer !== undefined && namespaces.has(object.type.peer.namespace));
  }
  return 'link' in object && object.link !== undefined && links.has(placeOf(object, object.link));
}

function isTableOfHost(object: KernelObject): boolean {
  return object.kind === 'table' && object.namespace === '';
}

/** A setting of a link, or of a namespace, that goes; others stay as they are. */
function isOfThese(
  { namespace, key }: SysctlObject,
  namespaces: ReadonlySet<string>,
  links: ReadonlySet<string>,
): boolean {
  const [, , , link = ''] = key.split('.');
  return namespaces.has(namespace) || links.has(`${namespace}|${link.replaceAll('/', '.')}`);
}

function placeOf(object: KernelObject, name: string): string {
  return `${object.namespace}|${name}`;
}

function rankOf(change: Change): number {
  const { object } = change;
  if (change.action !== 'change') return rank(object);
  // What is up already only becomes another: its new MTU may be what lets it have the settings that follow.
  if (change.previous.kind === 'link' && change.previous.up) return isInnerEnd(object) ? order.link : rank(object);
  return isOnForeignParent(object) || isBesideContainers(object) ? LINK_UP : rank(object);
}

function rank(object: KernelObject): number {
  if (object.kind === 'link' && object.type.kind === 'other') return NEVER_MADE;
  if (object.kind === 'link' && (object.master !== undefined || 'parent' in object.type)) return UPPER_LINK;
  return isInnerEnd(object) ? LINK_UP : order[object.kind];
}

/** A link in a sandbox that was made in the host's namespace, where its parent is. */
function isOnForeignParent(object: KernelObject): boolean {
  return object.kind === 'link' && object.madeIn !== undefined && object.madeIn !== object.namespace;
}

/** The host's own link on a parent, of the kind that containers have there. */
function isBesideContainers(object: KernelObject): boolean {
  return object.kind === 'link' && (object.type.kind === 'macvlan' || object.type.kind === 'ipvlan');
}

/** The end of a veth that the other end made. */
function isInnerEnd(object: KernelObject): boolean {
  return object.kind === 'link' && object.type.kind === 'veth' && object.type.peer === undefined;
}
