import {
  decodeAddress,
  decodeFdb,
  decodeNamespaceId,
  decodeNeighbor,
  decodeQdisc,
  decodeRoute,
  decodeRule,
  dumpAddressesMessage,
  dumpFdbMessage,
  dumpNeighborsMessage,
  dumpQdiscsMessage,
  dumpRoutesMessage,
  dumpRulesMessage,
  getNamespaceIdMessage,
  type KernelObject,
  type LinkDetails,
  linkObjectOf,
  type Message,
  type NameLookup,
  type NamespaceName,
} from '@fairlead/netlink';
import type { OpenNamespace } from '../namespace/open-namespace.ts';
import type { OpenNamespaces } from '../namespace/open-namespaces.ts';
import { errnoOf } from '../system-call/errno-of.ts';

/** Kinds that rtnetlink can list. */
export type RouteKind = 'link' | 'address' | 'route' | 'rule' | 'neighbor' | 'fdb' | 'qdisc';

/** True for the kinds that rtnetlink can list. */
export function isRouteKind(kind: KernelObject['kind']): kind is RouteKind {
  return (
    kind === 'link' ||
    kind === 'address' ||
    kind === 'route' ||
    kind === 'rule' ||
    kind === 'neighbor' ||
    kind === 'fdb' ||
    kind === 'qdisc'
  );
}

/** Reads links, addresses, routes, rules, neighbours and forwarding entries of a namespace back. */
export function observeRoute(
  namespace: OpenNamespace,
  kinds: readonly RouteKind[],
  namespaces: OpenNamespaces,
): KernelObject[] {
  const links = kinds.every((kind) => kind === 'rule') ? [] : namespace.links();
  const names = new LinkNames(namespace, links, namespaces);
  return kinds.flatMap((kind) => observeKind(kind, namespace, links, names));
}

function observeKind(
  kind: RouteKind,
  namespace: OpenNamespace,
  links: readonly LinkDetails[],
  names: NameLookup,
): KernelObject[] {
  const { name, route } = namespace;
  const dump = (request: Uint8Array): Message[] => route.execute(`list ${kind} objects`, request);
  switch (kind) {
    case 'link':
      return links.map((link) => linkObjectOf(link, name, names));
    case 'address':
      return present(dump(dumpAddressesMessage()).map((message) => decodeAddress(message, name, names)));
    case 'route':
      return present(bothFamilies(dump, dumpRoutesMessage).map((message) => decodeRoute(message, name, names)));
    case 'rule':
      return present(bothFamilies(dump, dumpRulesMessage).map((message) => decodeRule(message, name)));
    case 'neighbor':
      return present(dump(dumpNeighborsMessage()).map((message) => decodeNeighbor(message, name, names)));
    case 'fdb':
      return present(dump(dumpFdbMessage()).map((message) => decodeFdb(message, name, names)));
    case 'qdisc':
      return present(dump(dumpQdiscsMessage()).map((message) => decodeQdisc(message, name, names)));
    default:
      return kind satisfies never;
  }
}

/** A kernel without IPv6, or without policy routing, answers EOPNOTSUPP or EAFNOSUPPORT: it has none of these objects. */
function bothFamilies(dump: (request: Uint8Array) => Message[], request: (family: 4 | 6) => Uint8Array): Message[] {
  return ([4, 6] as const).flatMap((family) => {
    try {
      return dump(request(family));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EOPNOTSUPP' || errno === 'EAFNOSUPPORT') return [];
      throw error;
    }
  });
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

/** Names of the links of one namespace, and of their parents in others. */
class LinkNames implements NameLookup {
  readonly #home: OpenNamespace;
  readonly #names: ReadonlyMap<number, string>;
  readonly #namespaces: OpenNamespaces;
  /** Namespaces by the id that ours has for them, as far as they were asked for. */
  readonly #foreign = new Map<number, NamespaceName>();
  /** Those that were not asked yet, the host's first: nearly every link of a container leads there. */
  #unknown: NamespaceName[] | undefined;

  constructor(home: OpenNamespace, links: readonly LinkDetails[], namespaces: OpenNamespaces) {
    this.#home = home;
    this.#names = new Map(links.map(({ index, name }) => [index, name]));
    this.#namespaces = namespaces;
  }

  linkName(index: number): string | undefined {
    return this.#names.get(index);
  }

  foreignLink(namespaceId: number, index: number): { namespace: NamespaceName; name: string } | undefined {
    const namespace = this.#namespaceOf(namespaceId);
    if (namespace === undefined) return undefined;
    const link = this.#namespaces
      .get(namespace)
      .links()
      .find((candidate) => candidate.index === index);
    return link && { namespace, name: link.name };
  }

  /** Which namespace an id of ours stands for: the host's and the pinned ones are asked one by one until one has it. */
  #namespaceOf(id: number): NamespaceName | undefined {
    this.#unknown ??= ['', ...this.#namespaces.names()];
    while (!this.#foreign.has(id)) {
      const name = this.#unknown.shift();
      if (name === undefined) return undefined;
      const request = getNamespaceIdMessage(this.#namespaces.get(name).descriptor);
      const [answer] = this.#home.route.execute(`find id of namespace ${name}`, request);
      const found = answer && decodeNamespaceId(answer);
      if (found !== undefined) this.#foreign.set(found, name);
    }
    return this.#foreign.get(id);
  }
}
