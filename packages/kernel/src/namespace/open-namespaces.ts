import type { IdentityMapping } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import { NetlinkSocket } from '../socket/netlink-socket.ts';
import { type NamespacePlaces, pinnedPlaces } from './namespace.ts';
import { OpenNamespace } from './open-namespace.ts';

/**
 * Namespaces kept open, the host's not counted: three descriptors each. An open one lives on after it was unpinned. When a
 * backend of a service goes, all who may ask for it are told in turn: opening each anew, and reading what its table is like,
 * takes about as long as telling it.
 */
const CAPACITY = 128;

/** The namespaces in use; the least recently used ones are closed when there are too many. */
export class OpenNamespaces {
  readonly #open = new Map<NamespaceName, OpenNamespace>();
  /** Those known to be what their name means, in this run of synchronous work. */
  readonly #checked = new Set<OpenNamespace>();
  readonly #places: NamespacePlaces;

  constructor(places: NamespacePlaces = pinnedPlaces) {
    this.#places = places;
  }

  /** Names of all namespaces but the host's, in use or not. */
  names(): readonly NamespaceName[] {
    return this.#places.names();
  }

  /**
   * The namespace of a name, as it is now.
   *
   * @throws Error `ENOENT` when there is none.
   */
  get(name: NamespaceName): OpenNamespace {
    const known = this.#open.get(name);
    if (known !== undefined && this.#checked.has(known)) return known;
    if (known?.isCurrent) return this.#keep(known);
    this.close(name);
    return this.#keep(this.#opened(name));
  }

  /**
   * Begin a run of synchronous work: names are checked again at their next use, for others may have run since and given
   * a name to another namespace, and what was opened beyond the capacity is closed. Within the run nothing is closed.
   */
  recheck(): void {
    this.#checked.clear();
    const surplus = this.#open.size - CAPACITY - 1;
    if (surplus <= 0) return;
    for (const name of [...this.#open.keys()].filter((candidate) => candidate !== '').slice(0, surplus))
      this.close(name);
  }

  /** The namespace of a name if it is open. */
  find(name: NamespaceName): OpenNamespace | undefined {
    return this.#open.get(name);
  }

  /** Make and pin a namespace, with a first socket that was opened on the way; see `createNamespace`. */
  create(name: NamespaceName, owner?: IdentityMapping): OpenNamespace {
    const socket = this.#places.create(name, () => new NetlinkSocket('route'), owner);
    this.close(name);
    const namespace = this.#keep(this.#opened(name));
    if (socket !== undefined) namespace.adopt('route', socket);
    return namespace;
  }

  /** Close what is open of a namespace, so that it can end. */
  close(name: NamespaceName): void {
    const namespace = this.#open.get(name);
    if (namespace === undefined) return;
    this.#open.delete(name);
    this.#checked.delete(namespace);
    namespace[Symbol.dispose]();
  }

  /** Unpin a namespace. */
  remove(name: NamespaceName): void {
    this.close(name);
    this.#places.remove(name);
  }

  #opened(name: NamespaceName): OpenNamespace {
    return new OpenNamespace(name, this.#places.path(name));
  }

  #keep(namespace: OpenNamespace): OpenNamespace {
    this.#open.delete(namespace.name);
    this.#open.set(namespace.name, namespace);
    this.#checked.add(namespace);
    return namespace;
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#open.keys()]) this.close(name);
  }
}
