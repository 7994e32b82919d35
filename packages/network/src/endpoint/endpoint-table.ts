import { addToIndex, removeFromIndex } from '@fairlead/base';
import type { Collection } from '@fairlead/store';
import type { Endpoint } from '../model.ts';

/** The stored endpoints, found by network, sandbox and interface of the host without looking at the others. */
export class EndpointTable {
  readonly #documents: Collection<Endpoint>;
  readonly #byNetwork = new Map<string, Set<string>>();
  readonly #bySandbox = new Map<string, Set<string>>();
  readonly #byHostInterface = new Map<string, string>();
  #lastSequence = 0;

  constructor(documents: Collection<Endpoint>) {
    this.#documents = documents;
    // The store gives them back by id.
    for (const endpoint of [...documents].sort((a, b) => a.sequence - b.sequence)) this.#index(endpoint);
  }

  /** The sequence number of the next endpoint. */
  get nextSequence(): number {
    return this.#lastSequence + 1;
  }

  get(id: string): Endpoint | undefined {
    return this.#documents.get(id);
  }

  /** Insert, or replace one that keeps its network, sandbox, sequence and interface of the host. */
  put(endpoint: Endpoint): Endpoint {
    this.#index(endpoint);
    return this.#documents.put(endpoint);
  }

  delete(endpoint: Endpoint): void {
    this.#documents.delete(endpoint.id);
    removeFromIndex(this.#byNetwork, endpoint.network, endpoint.id);
    removeFromIndex(this.#bySandbox, endpoint.sandbox, endpoint.id);
    if (endpoint.hostInterface !== undefined) this.#byHostInterface.delete(endpoint.hostInterface);
  }

  /** In the order in which they were joined. */
  onNetwork(network: string): Endpoint[] {
    return this.#all(this.#byNetwork.get(network));
  }

  /** In the order in which they were joined. */
  inSandbox(sandbox: string): Endpoint[] {
    return this.#all(this.#bySandbox.get(sandbox));
  }

  /** The one whose cable ends in this interface of the host. */
  behind(hostInterface: string): Endpoint | undefined {
    return this.#documents.get(this.#byHostInterface.get(hostInterface) ?? '');
  }

  #all(ids: ReadonlySet<string> | undefined): Endpoint[] {
    return [...(ids ?? [])].flatMap((id) => this.#documents.get(id) ?? []);
  }

  #index(endpoint: Endpoint): void {
    this.#lastSequence = Math.max(this.#lastSequence, endpoint.sequence);
    addToIndex(this.#byNetwork, endpoint.network, endpoint.id);
    addToIndex(this.#bySandbox, endpoint.sandbox, endpoint.id);
    if (endpoint.hostInterface !== undefined) this.#byHostInterface.set(endpoint.hostInterface, endpoint.id);
  }
}
