import type { Collection } from '@fairlead/store';
import type { Endpoint } from './model.ts';

/** The stored endpoints, found by network and by sandbox without looking at the others. */
export class EndpointTable {
  readonly #documents: Collection<Endpoint>;
  readonly #byNetwork = new Map<string, Set<string>>();
  readonly #bySandbox = new Map<string, Set<string>>();

  constructor(documents: Collection<Endpoint>) {
    this.#documents = documents;
    for (const endpoint of documents) this.#index(endpoint);
  }

  get(id: string): Endpoint | undefined {
    return this.#documents.get(id);
  }

  put(endpoint: Endpoint): Endpoint {
    this.#index(endpoint);
    return this.#documents.put(endpoint);
  }

  delete(endpoint: Endpoint): void {
    this.#documents.delete(endpoint.id);
    this.#byNetwork.get(endpoint.network)?.delete(endpoint.id);
    this.#bySandbox.get(endpoint.sandbox)?.delete(endpoint.id);
  }

  /** In the order in which they were joined. */
  onNetwork(network: string): Endpoint[] {
    return this.#all(this.#byNetwork.get(network));
  }

  /** In the order in which they were joined. */
  inSandbox(sandbox: string): Endpoint[] {
    return this.#all(this.#bySandbox.get(sandbox));
  }

  #all(ids: ReadonlySet<string> | undefined): Endpoint[] {
    return [...(ids ?? [])].flatMap((id) => this.#documents.get(id) ?? []);
  }

  #index(endpoint: Endpoint): void {
    this.#byNetwork.getOrInsertComputed(endpoint.network, () => new Set()).add(endpoint.id);
    this.#bySandbox.getOrInsertComputed(endpoint.sandbox, () => new Set()).add(endpoint.id);
  }
}
