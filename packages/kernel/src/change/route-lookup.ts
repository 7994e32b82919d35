import type { NamespaceName, NumberLookup } from '@fairlead/netlink';
import type { OpenNamespaces } from '../namespace/open-namespaces.ts';

/** The kernel counts the links of a namespace from one (net/core/dev.c, dev_index_reserve); up here it never comes. */
const CHOSEN_INDEXES = 2 ** 30;

/** Finds numbers for names and keeps what they stood for, so that the messages made with them can be read later. */
export class RouteLookup implements NumberLookup {
  readonly links = new Map<number, string>();
  readonly descriptors = new Map<number, NamespaceName>();
  readonly #namespaces: OpenNamespaces;

  constructor(namespaces: OpenNamespaces) {
    this.#namespaces = namespaces;
  }

  linkIndex(namespace: NamespaceName, name: string): number {
    const index = this.#namespaces.get(namespace).linkIndex(name);
    this.links.set(index, name);
    return index;
  }

  newLinkIndex(): number {
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    return CHOSEN_INDEXES + (random % CHOSEN_INDEXES);
  }

  namespaceDescriptor(namespace: NamespaceName): number {
    const { descriptor } = this.#namespaces.get(namespace);
    this.descriptors.set(descriptor, namespace);
    return descriptor;
  }
}
