import { newIdentifier } from '@fairlead/base';
import type { Collection } from '@fairlead/store';

/** That a plugin was asked to mount a volume; it is stored before it is asked, and until it was told that it may unmount. */
export interface VolumeHold {
  /** What the plugin knows it by. */
  readonly id: string;
  readonly volume: string;
  readonly driver: string;
  /** Container, or what else is done with the content. */
  readonly holder: string;
  /** Nobody needs it any more: the plugin has still to be told. */
  readonly released?: true;
}

/** What plugins have mounted for us. Each mount has an id of its own, so that one can be taken back late. */
export class VolumeHolds {
  readonly #documents: Collection<VolumeHold>;

  constructor(documents: Collection<VolumeHold>) {
    this.#documents = documents;
  }

  add(hold: Pick<VolumeHold, 'volume' | 'driver' | 'holder'>): VolumeHold {
    return this.#documents.put({ id: newIdentifier(), ...hold });
  }

  /** True while a holder needs a volume. */
  has(volume: string, holder: string): boolean {
    return [...this.#documents].some((hold) => !hold.released && hold.volume === volume && hold.holder === holder);
  }

  /**
   * Holders need what they have no longer.
   *
   * @returns the plugins that have to be told.
   */
  release(isOver: (holder: string) => boolean): string[] {
    const over = [...this.#documents].filter(({ holder }) => isOver(holder));
    for (const hold of over) this.#documents.put({ ...hold, released: true });
    return [...new Set(over.map(({ driver }) => driver))];
  }

  /** What a plugin has to be told. */
  due(driver: string): VolumeHold[] {
    return [...this.#documents].filter((hold) => hold.released && hold.driver === driver);
  }

  /** Plugins that have something to be told. */
  drivers(): string[] {
    return [...new Set([...this.#documents].flatMap(({ released, driver }) => (released ? [driver] : [])))];
  }

  forget(id: string): void {
    this.#documents.delete(id);
  }
}
