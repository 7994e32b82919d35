import { isOwnAlias } from '@fairlead/drivers';
import {
  answersTableName,
  antispoofTableName,
  dnsTableNames,
  isHostTable,
  segmentsTableName,
  serviceTableName,
} from '@fairlead/firewall';
import {
  identityOf,
  type KernelObject,
  type LinkObject,
  type NamespaceName,
  type SysctlObject,
} from '@fairlead/netlink';
import type { KernelPort } from '../kernel-port.ts';

/**
 * Kinds that we make in the host's namespace; its routes are only looked at. Forwarding entries of bridges, of which there
 * may be very many, are looked at where containers are held to their own addresses, for only those have any of ours.
 */
const hostKinds = ['link', 'address', 'route', 'qdisc', 'table', 'element'] as const;

/** Routes that somebody made, as ours are, and not the kernel (include/uapi/linux/rtnetlink.h). */
const RTPROT_STATIC = 4;

/** Tables that we make in a sandbox. */
const tables: readonly string[] = [...Object.values(dnsTableNames), answersTableName, serviceTableName];

/** Kinds that we make in a sandbox. */
const sandboxKinds = ['link', 'address', 'route', 'qdisc', 'table', 'element'] as const;

/**
 * Read back what is wanted of the host's namespace and what is ours but not wanted there, and which namespaces are pinned.
 * A file of ours that pins nothing counts as a namespace that nobody wants: it goes as one does.
 * Links say themselves whose they are.
 *
 * @param desired what is wanted there, namespaces included.
 * @param host what {@link observeHost} has seen.
 */
export function observeOwn(
  kernel: KernelPort,
  desired: readonly KernelObject[],
  host: readonly KernelObject[],
  namespacePrefix: string,
): KernelObject[] {
  const wanted = new Map(desired.map((object) => [identityOf(object), object]));
  const places = new Set(desired.map(({ namespace }) => namespace));
  const pinned = kernel.namespaces();
  const isSurplus = (namespace: NamespaceName) => !places.has(namespace) && namespace.startsWith(namespacePrefix);
  const surplus = pinned.filter(isSurplus);
  const own = [
    ...pinned.filter((namespace) => places.has(namespace)),
    ...surplus,
    ...kernel.emptyPins().filter(isSurplus),
  ];
  return [
    ...ownHostObjects(host, wanted, new Set(pinned)),
    ...own.map((namespace): KernelObject => ({ kind: 'namespace', namespace })),
    ...surplus.flatMap((namespace) => childrenOfHost(kernel, namespace)),
    ...settings(kernel, desired),
  ];
}

/** Links in a namespace that hang on a parent of the host, and are to go before the namespace does; see {@link removals}. */
function childrenOfHost(kernel: KernelPort, namespace: NamespaceName): KernelObject[] {
  try {
    return kernel.observe(namespace, ['link']).filter((link) => link.kind === 'link' && link.madeIn === '');
  } catch {
    // A pin that leads nowhere holds no links, and is taken away all the same.
    return [];
  }
}

/** What there is inside a sandbox. */
export interface Inside {
  /** What is wanted, our table, and links on parents that we made and nobody wants any more. */
  readonly objects: readonly KernelObject[];
  /** Names of the wanted links that are not there, and cannot or must not be made: their container has them elsewhere. */
  readonly astray: ReadonlySet<string>;
}

/**
 * Read back what is inside one sandbox of ours. What else there is, is the container's own business.
 *
 * @throws Error `ENOENT` when the namespace is gone.
 */
export function observeInside(kernel: KernelPort, namespace: NamespaceName, desired: readonly KernelObject[]): Inside {
  const observed = kernel.observe(namespace, sandboxKinds);
  const wanted = new Set(desired.map(identityOf));
  const present = new Set(observed.map(identityOf));
  const links = desired.filter((object) => object.kind === 'link');
  const owners = new Set(links.map(({ alias }) => alias));
  const names = new Set(links.map(({ name }) => name));
  const isOwn = (object: KernelObject) => {
    if (wanted.has(identityOf(object))) return true;
    if (object.kind === 'qdisc') return names.has(object.link);
    if (object.kind === 'link') return object.madeIn === '' && isOwnAlias(object.alias) && !owners.has(object.alias);
    if (object.kind === 'element') return object.table === serviceTableName;
    return object.kind === 'table' && tables.includes(object.definition.name);
  };
  const astray = links.filter((link) => !present.has(identityOf(link)) && isElsewhere(link, observed));
  return {
    objects: [...observed.filter(isOwn), ...settings(kernel, desired)],
    astray: new Set(astray.map(({ name }) => name)),
  };
}

/**
 * The inner end of a veth is never made on its own: where it is missing, its outer end has been looked after. A link on a
 * parent says whose it is under every name.
 */
function isElsewhere({ type, alias }: LinkObject, observed: readonly KernelObject[]): boolean {
  return type.kind === 'veth' || observed.some((object) => object.kind === 'link' && object.alias === alias);
}

/** What the host's namespace holds of the kinds that we make there, and its routes. */
export function observeHost(kernel: KernelPort, desired: readonly KernelObject[]): readonly KernelObject[] {
  const host = kernel.observe('', hostKinds);
  const hasEntries = (object: KernelObject) =>
    object.kind === 'fdb' || (object.kind === 'table' && object.definition.name === antispoofTableName);
  return host.some(hasEntries) || desired.some(hasEntries) ? [...host, ...kernel.observe('', ['fdb'])] : host;
}

/** True for a table that some networks or sandboxes share, and that is not there while none needs it. */
export function isSharedTable(name: string): boolean {
  return name === antispoofTableName || name === segmentsTableName;
}

/**
 * Links that say they are ours with their addresses and entries, the elements of our tables, and whatever is wanted anyway.
 * Of a table that is not wanted nothing has to be taken out: it goes whole.
 */
function ownHostObjects(
  observed: readonly KernelObject[],
  wanted: ReadonlyMap<string, KernelObject>,
  pinned: ReadonlySet<NamespaceName>,
): KernelObject[] {
  const own = new Set(
    observed.flatMap((object) => (object.kind === 'link' && isOwnAlias(object.alias) ? [object.name] : [])),
  );
  const hosts = new Set(
    observed.flatMap((object) => (isHostLink(object) && own.has(object.name) ? [object.name] : [])),
  );
  const named = new Set<string>();
  for (const object of wanted.values()) if (object.kind === 'table') named.add(object.definition.name);
  return observed
    .filter((object) => {
      if (wanted.has(identityOf(object))) return true;
      if (object.kind === 'link') return own.has(object.name);
      if (object.kind === 'qdisc') return own.has(object.link);
      if (object.kind === 'route') return object.protocol === RTPROT_STATIC && hosts.has(object.link ?? '');
      if (object.kind === 'fdb') return own.has(object.link) && object.sticky === true;
      if (object.kind === 'address') return own.has(object.link) && !object.address.startsWith('fe80:');
      return object.kind === 'element' && (isHostTable(object.table) || named.has(object.table));
    })
    .map((object) => (leadsNowhere(object, wanted, pinned) ? asRemovable(object) : object));
}

/** The host's own link on a network of a parent: all routes by it are ours. */
function isHostLink(object: KernelObject): object is LinkObject {
  return object.kind === 'link' && (object.type.kind === 'macvlan' || object.type.kind === 'ipvlan');
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
  const { peer } = want.type;
  return peer !== undefined && peer.namespace !== '' && !pinned.has(peer.namespace);
}

/** An end without a peer would count as an inner one, which is never removed on its own. */
function asRemovable(link: LinkObject): LinkObject {
  return { ...link, type: { kind: 'other', name: 'veth' } };
}

/** Settings cannot be listed: those that are wanted are read. */
function settings(kernel: KernelPort, desired: readonly KernelObject[]): SysctlObject[] {
  return desired.flatMap((object) => {
    if (object.kind !== 'sysctl') return [];
    const value = kernel.readSysctl(object.namespace, object.key);
    return value === undefined ? [] : [{ ...object, value }];
  });
}
