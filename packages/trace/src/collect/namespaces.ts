import { errnoOf, OpenNamespace } from '@fairlead/kernel';
import type { LinkDetails, NamespaceName } from '@fairlead/netlink';

/** The namespaces that a trace asks, opened when they are first needed. */
export class Namespaces implements Disposable {
  readonly #open = new Map<NamespaceName, OpenNamespace>();
  readonly #links = new Map<NamespaceName, ReadonlyMap<number, LinkDetails>>();
  readonly #host: string | undefined;

  /** @param host path of the namespace that stands for the host's; absent means that of the process. */
  constructor(host?: string) {
    this.#host = host;
  }

  /** @throws Error `ENOENT` when there is no such namespace. */
  get(name: NamespaceName): OpenNamespace {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const namespace = new OpenNamespace(name, name === '' ? this.#host : undefined);
    this.#open.set(name, namespace);
    return namespace;
  }

  /** The same; `undefined` for one that is gone: containers end while they are looked at. */
  find(name: NamespaceName): OpenNamespace | undefined {
    try {
      return this.get(name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
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
    using parts = new DisposableStack();
    for (const namespace of this.#open.values()) parts.use(namespace);
    this.#open.clear();
  }
}
