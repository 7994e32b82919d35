import { FairleadError, newIdentifier, withPrefix } from '@fairlead/base';
import type { Collection } from '@fairlead/store';
import type { ContainerTable } from '../container/container-table.ts';
import type { VolumeRequest } from '../engine-port.ts';
import type { Container, Volume } from '../model.ts';
import { requireDriverOptions, requireLocalDriver } from './driver-options.ts';
import { volumeNames } from './mount-settlement.ts';
import { anonymousLabels, requireVolumeName } from './volume-name.ts';

/** A volume in the store; one whose removal has begun is there for recovery alone. */
export type StoredVolume = Volume & { readonly removing?: true };

/** The stored volumes, and which containers have them. */
export class VolumeTable implements Iterable<Volume> {
  readonly #documents: Collection<StoredVolume>;
  readonly #containers: ContainerTable;

  constructor(documents: Collection<StoredVolume>, containers: ContainerTable) {
    this.#documents = documents;
    this.#containers = containers;
  }

  *[Symbol.iterator](): Iterator<Volume> {
    for (const volume of this.#documents) if (volume.removing !== true) yield volume;
  }

  get(name: string): Volume | undefined {
    const volume = this.#documents.get(name);
    return volume?.removing === true ? undefined : volume;
  }

  /** @throws FairleadError `not-found` in Docker's words. */
  find(name: string): Volume {
    const volume = this.get(name);
    if (volume === undefined) throw new FairleadError('not-found', `get ${name}: no such volume`);
    return volume;
  }

  /**
   * The volume that is asked for: the one of that name, or a new one, which is not stored yet.
   *
   * @throws FairleadError in Docker's words for names, drivers and options that cannot be had.
   */
  describe({ name, driver, options, labels }: VolumeRequest): Volume {
    const id = name || newIdentifier();
    try {
      requireLocalDriver(driver);
      const existing = this.get(id);
      if (existing !== undefined) return existing;
      requireVolumeName(id);
      requireDriverOptions(options ?? {});
    } catch (error) {
      throw withPrefix(`create ${id}: `, error);
    }
    const marked = name === '' ? { ...labels, ...anonymousLabels } : labels;
    return { id, driver: 'local', created: Date.now(), labels: marked, options };
  }

  put(volume: Volume): void {
    this.#documents.put(volume);
  }

  /** From now on there is no such volume; what is left of it is known until {@link forget}. */
  markRemoved(name: string): void {
    this.#documents.put({ ...this.find(name), removing: true });
  }

  /** Names of volumes whose removal was begun. */
  removed(): string[] {
    return [...this.#documents].filter(({ removing }) => removing === true).map(({ id }) => id);
  }

  forget(name: string): void {
    this.#documents.delete(name);
  }

  /** Containers that have a volume, running or not. */
  usersOf(name: string): Container[] {
    return [...this.#containers].filter((container) => volumeNames(container).includes(name));
  }

  /** @throws FairleadError `conflict` in Docker's words. */
  requireUnused(name: string): void {
    const users = this.usersOf(name).map(({ id }) => id);
    if (users.length === 0) return;
    throw new FairleadError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
  }
}
