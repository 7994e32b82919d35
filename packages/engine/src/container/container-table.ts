import { FairleadError, isIdentifierPrefix, shortIdentifier } from '@fairlead/base';
import type { Collection } from '@fairlead/store';
import type { Container, ContainerState } from '../model.ts';

/** The stored containers, found by id, name, or the beginning of an id. */
export class ContainerTable implements Iterable<Container> {
  readonly #documents: Collection<Container>;
  readonly #byName = new Map<string, string>();
  #hear: () => void = () => {};

  constructor(documents: Collection<Container>) {
    this.#documents = documents;
    for (const { id, name } of documents) this.#byName.set(name, id);
  }

  /** @param hear is called for each container that is made, and at once where there are some. */
  whenMade(hear: () => void): void {
    this.#hear = hear;
    if (this.#byName.size > 0) hear();
  }

  [Symbol.iterator](): Iterator<Container> {
    return this.#documents[Symbol.iterator]();
  }

  /** By full id. */
  get(id: string): Container | undefined {
    return this.#documents.get(id);
  }

  /**
   * By full id, then by name, then by the beginning of an id.
   *
   * @throws FairleadError `not-found`, or `invalid-argument` when the beginning fits several, or there is none.
   */
  find(reference: string): Container {
    if (reference === '') throw new FairleadError('invalid-argument', 'invalid name or ID supplied: ""');
    const name = reference.replace(/^\//, '');
    const exact = this.get(name) ?? this.get(this.#byName.get(name) ?? '');
    if (exact !== undefined) return exact;
    const matches = name !== '' && isIdentifierPrefix(name) ? [...this].filter(({ id }) => id.startsWith(name)) : [];
    if (matches.length > 1)
      throw new FairleadError('invalid-argument', `multiple IDs found with provided prefix: ${name}`);
    const [match] = matches;
    if (match === undefined) throw new FairleadError('not-found', `No such container: ${reference}`);
    return match;
  }

  /** True when a container has this name. */
  hasName(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws FairleadError `conflict` when another container has this name. @param prefix of its message. */
  requireFreeName(name: string, prefix = ''): void {
    const holder = this.#byName.get(name);
    if (holder === undefined) return;
    const who = `The container name "/${name}" is already in use by container "${holder}"`;
    const advice = 'You have to remove (or rename) that container to be able to reuse that name.';
    throw new FairleadError('conflict', `${prefix}Conflict. ${who}. ${advice}`);
  }

  /** Insert or replace. */
  put(container: Container): Container {
    const previous = this.#documents.get(container.id);
    if (previous !== undefined && previous.name !== container.name) this.#byName.delete(previous.name);
    this.#byName.set(container.name, container.id);
    const stored = this.#documents.put(container);
    if (previous === undefined) this.#hear();
    return stored;
  }

  /** Change the state of a container; the rest stays. */
  setState(id: string, state: Partial<ContainerState>): Container {
    const container = this.#documents.get(id);
    if (container === undefined) throw new FairleadError('not-found', `No such container: ${shortIdentifier(id)}`);
    return this.put({ ...container, state: { ...container.state, ...state } });
  }

  delete(id: string): void {
    const name = this.#documents.get(id)?.name;
    if (name !== undefined) this.#byName.delete(name);
    this.#documents.delete(id);
  }
}
