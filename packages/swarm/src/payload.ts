import { newSwarmIdentifier } from '@fairlead/base';
import type { Collection } from '@fairlead/store';
import type { Books } from './books.ts';
import { findObject } from './lookup.ts';
import type { Config, PayloadSpec, Secret, SwarmEvent, SwarmObject } from './model.ts';
import { refusal } from './refusal.ts';
import type { Service } from './service/service-model.ts';

/** Bytes that a payload may have at most (swarmkit, manager/controlapi). */
const maximumBytes = { secret: 500 * 1024, config: 1000 * 1024 };

const nameSyntax = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/;

/** What {@link Payloads} works with. */
export interface PayloadParts<T extends Secret | Config> {
  readonly kind: 'secret' | 'config';
  readonly books: Books;
  readonly collection: Collection<T>;
  /** How the data of one is kept. */
  readonly keep: (spec: PayloadSpec, object: SwarmObject) => T;
  /** Data of a stored one, in base64. */
  readonly dataOf: (stored: T) => string | undefined;
  readonly emit: (event: SwarmEvent) => void;
}

/** Secrets or configs: small pieces of data that tasks find as files. */
export class Payloads<T extends Secret | Config> {
  readonly #parts: PayloadParts<T>;

  constructor(parts: PayloadParts<T>) {
    this.#parts = parts;
  }

  list(): readonly T[] {
    return [...this.#parts.collection];
  }

  /** @throws FairleadError `not-found`. */
  inspect(reference: string): T {
    const { kind, collection } = this.#parts;
    return findObject(kind, collection, reference, ({ spec }) => spec.name);
  }

  /** @returns its ID. @throws FairleadError in swarmkit's words. */
  create(spec: PayloadSpec): string {
    const { kind, books, collection, keep } = this.#parts;
    requireValidPayload(kind, spec);
    if (this.list().some((other) => other.spec.name === spec.name))
      throw refusal('conflict', `${kind} ${spec.name} already exists`);
    const id = newSwarmIdentifier();
    const created = books.add(collection, (stamps) => keep(spec, { id, ...stamps }));
    this.#tell('create', created);
    return created.id;
  }

  /** Only labels can change. @throws FairleadError in swarmkit's words. */
  update(reference: string, version: number, spec: PayloadSpec): void {
    const { books, collection, dataOf } = this.#parts;
    const present = this.inspect(reference);
    const isSame = spec.name === present.spec.name && (spec.data === undefined || spec.data === dataOf(present));
    if (!isSame) throw refusal('invalid-argument', 'only updates to Labels are allowed');
    const changed = { ...present, spec: { ...present.spec, labels: spec.labels } };
    this.#tell('update', books.change(collection, changed, version));
  }

  /** @throws FairleadError while a service uses it. */
  remove(reference: string): void {
    const { kind, books, collection } = this.#parts;
    const present = this.inspect(reference);
    const users = books.wanted.filter((service) => usesPayload(service, kind, present.id));
    if (users.length > 0) {
      const names = users.map(({ spec }) => spec.name).join(', ');
      const services = users.length === 1 ? 'service' : 'services';
      const name = present.spec.name;
      throw refusal('invalid-argument', `${kind} '${name}' is in use by the following ${services}: ${names}`);
    }
    collection.delete(present.id);
    this.#tell('remove', present);
  }

  #tell(action: SwarmEvent['action'], { id, spec: { name } }: Secret | Config): void {
    this.#parts.emit({ type: this.#parts.kind, action, id, attributes: { name } });
  }
}

/** @throws FairleadError `invalid-argument` in swarmkit's words. */
export function requireValidPayload(kind: 'secret' | 'config', { name, data, driver }: PayloadSpec): void {
  if (name === '') throw refusal('invalid-argument', 'name must be provided');
  if (name.length > 64 || !nameSyntax.test(name)) {
    const rule = 'only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]';
    throw refusal('invalid-argument', `invalid name, ${rule}`);
  }
  if (driver !== undefined) {
    if ((driver.name ?? '') === '') throw refusal('invalid-argument', 'secret driver must have a name');
    throw refusal('invalid-argument', `plugin ${driver.name} not supported`);
  }
  const size = Buffer.from(data ?? '', 'base64').length;
  const maximum = maximumBytes[kind];
  if (size === 0 || size >= maximum)
    throw refusal('invalid-argument', `${kind} data must be larger than 0 and less than ${maximum} bytes`);
}

function usesPayload({ spec }: Service, kind: 'secret' | 'config', id: string): boolean {
  const { secrets = [], configs = [] } = spec.taskTemplate.containerSpec ?? {};
  return kind === 'secret'
    ? secrets.some(({ secretId }) => secretId === id)
    : configs.some(({ configId }) => configId === id);
}
