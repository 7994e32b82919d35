import { OpenNamespace } from '@fairlead/kernel';
import type { LinkDetails, NamespaceName } from '@fairlead/netlink';

/** The namespaces that a trace asks, opened when they are first needed. */
export class Namespaces implements Disposable {
  readonly #open = new Map<NamespaceName, OpenNamespace>();
  readonly #links = new Map<NamespaceName, ReadonlyMap<number, LinkDetails>>();

  /** @throws Error `ENOENT` when there is no such namespace. */
  get(name: NamespaceName): OpenNamespace {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const namespace = new OpenNamespace(name);
    this.#open.set(name, namespace);
    return namespace;
  }

  /** A link by its index, as it was when one was first asked for. */
  link(namespace: NamespaceName, index: number): LinkDetails | undefined {
    const known =
      this.#links.get(namespace) ??
      new Map(
        this.get(namespace)
          .links()
          .map((link) => [link.index, link]),
      );
    this.#links.set(namespace, known);
    return known.get(index);
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#open.values()) namespace[Symbol.dispose]();
    this.#open.clear();
  }
}
