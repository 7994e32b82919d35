import type { NamespaceName, NumberLookup } from '@fairlead/netlink';
import type { OpenNamespaces } from './open-namespaces.ts';

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

  namespaceDescriptor(namespace: NamespaceName): number {
    const { descriptor } = this.#namespaces.get(namespace);
    this.descriptors.set(descriptor, namespace);
    return descriptor;
  }
}
