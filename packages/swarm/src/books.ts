import type { Collection, Store } from '@fairlead/store';
import type { Cluster, Config, Secret, SwarmNode, SwarmObject } from './model.ts';
import { outOfSequence } from './refusal.ts';
import type { Service } from './service/service-model.ts';
import type { Task } from './task/task-model.ts';

/** What the books give to a new object. */
export type Stamps = Omit<SwarmObject, 'id'>;

/** Objects of one kind, whatever it is. */
type Shelf = Iterable<SwarmObject> & Pick<Collection<SwarmObject>, 'delete'>;

/** A swarm's objects, in the engine's store: written before anything is done about them. */
export class Books {
  readonly clusters: Collection<Cluster>;
  readonly nodes: Collection<SwarmNode>;
  readonly secrets: Collection<Secret>;
  readonly configs: Collection<Config>;
  readonly services: Collection<Service>;
  readonly tasks: Collection<Task>;
  readonly #store: Store;
  /** Version of the last change of any object. */
  #index = 0;

  constructor(store: Store) {
    this.#store = store;
    this.clusters = store.collection<Cluster>('swarm');
    this.nodes = store.collection<SwarmNode>('swarm-node');
    this.secrets = store.collection<Secret>('swarm-secret');
    this.configs = store.collection<Config>('swarm-config');
    this.services = store.collection<Service>('swarm-service');
    this.tasks = store.collection<Task>('swarm-task');
    for (const { version } of this.#all()) this.#index = Math.max(this.#index, version);
  }

  /** The swarm that this machine is in. */
  get cluster(): Cluster | undefined {
    return [...this.clusters][0];
  }

  /** Services that nobody has removed; the tasks of others are still being brought to an end. */
  get wanted(): readonly Service[] {
    return [...this.services].filter(({ removed }) => !removed);
  }

  /** Store a new object. @param make it of what is given to each. */
  add<T extends SwarmObject>(collection: Collection<T>, make: (stamps: Stamps) => T): T {
    const now = Date.now();
    return collection.put(make({ version: ++this.#index, created: now, updated: now }));
  }

  /**
   * Store a changed object.
   *
   * @param expected version that its changer has read; absent when it is the swarm itself that changes it.
   * @throws FairleadError when somebody else has changed it since.
   */
  change<T extends SwarmObject>(collection: Collection<T>, object: T, expected?: number): T {
    const present = collection.get(object.id);
    if (expected !== undefined && present?.version !== expected) throw outOfSequence();
    return collection.put({ ...object, version: ++this.#index, updated: Date.now() });
  }

  /** Make all writes of `work` durable together, or none of them. */
  transaction<T>(work: () => T): T {
    return this.#store.transaction(work);
  }

  /** Forget the swarm and all that is in it. */
  clear(): void {
    this.transaction(() => {
      for (const collection of this.#collections()) for (const { id } of [...collection]) collection.delete(id);
    });
    this.#index = 0;
  }

  #collections(): readonly Shelf[] {
    const { clusters, nodes, secrets, configs, services, tasks } = this;
    return [clusters, nodes, secrets, configs, services, tasks];
  }

  *#all(): Generator<SwarmObject> {
    for (const collection of this.#collections()) yield* collection;
  }
}
