import { FairleadError } from '@fairlead/base';
import type { Collection } from '@fairlead/store';
import type { ContainerTable } from '../container/container-table.ts';
import type { Container } from '../model.ts';
import { requireDriverOptions } from './driver-options.ts';
import { volumeNames } from './mount-settlement.ts';
import type { Volume } from './volume-model.ts';
import { anonymousLabels, requireVolumeName } from './volume-name.ts';
import type { VolumeRequest } from './volume-port.ts';

/** A volume in the store; one whose removal has begun is there for recovery alone. */
export type StoredVolume = Volume & { readonly removing?: true };

/** True for a volume that no plugin has. */
export function isLocal({ driver }: Pick<Volume, 'driver'>): boolean {
  return driver === 'local';
}

/**
 * A volume as it is asked for; it is not stored.
 *
 * @param id its name, whether somebody has chosen it or not.
 * @throws FairleadError `invalid-argument` in Docker's words. What plugins take is for them to say.
 */
export function newVolume(id: string, { name, driver, options, labels }: VolumeRequest): Volume {
  const volume = { id, driver: driver || 'local', created: Date.now(), options };
  if (isLocal(volume)) {
    requireVolumeName(id);
    requireDriverOptions(options ?? {});
  }
  return { ...volume, labels: name === '' ? { ...labels, ...anonymousLabels } : labels };
}

/** Docker's words for a volume that is nowhere. */
export function noSuchVolume(name: string): FairleadError {
  return new FairleadError('not-found', `get ${name}: no such volume`);
}

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
    if (volume === undefined) throw noSuchVolume(name);
    return volume;
  }

  /** As {@link get}, also one whose removal has begun. */
  look(name: string): StoredVolume | undefined {
    return this.#documents.get(name);
  }

  put(volume: Volume): void {
    this.#documents.put(volume);
  }

  /** From now on there is no such volume; what is left of it is known until {@link forget}. */
  markRemoved(volume: Volume): void {
    this.#documents.put({ ...volume, removing: true });
  }

  /** Volumes whose removal was begun. */
  removed(): StoredVolume[] {
    return [...this.#documents].filter(({ removing }) => removing === true);
  }

  /** Plugins that drive volumes of the store, each once. */
  remoteDrivers(): string[] {
    return [...new Set([...this].flatMap((volume) => (isLocal(volume) ? [] : [volume.driver])))];
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
