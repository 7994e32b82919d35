import { OpenNamespace } from '@fairlead/kernel';
import type { NamespaceName } from '@fairlead/netlink';

/** The namespaces that a trace asks, opened when they are first needed. */
export class Namespaces implements Disposable {
  readonly #open = new Map<NamespaceName, OpenNamespace>();

  /** @throws Error `ENOENT` when there is no such namespace. */
  get(name: NamespaceName): OpenNamespace {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const namespace = new OpenNamespace(name);
    this.#open.set(name, namespace);
    return namespace;
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#open.values()) namespace[Symbol.dispose]();
    this.#open.clear();
  }
}
