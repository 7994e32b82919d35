import { isNotFound, KeyedMutex } from '@fairlead/base';
import { canonicalText, type ImageReference, type LoadedImage, type StoredImage } from '@fairlead/registry';
import type { Descriptor, ImageRecord, ImageStore } from '@fairlead/runtime';
import { lookupReference } from './image-lookup.ts';
import { ImageTable, type NamedImage } from './image-table.ts';

/** The part of containerd's image store that is needed. */
export type RecordStore = Pick<ImageStore, 'put' | 'list' | 'delete'>;

/** Marks a record as ours; its value is the image's ID, so that a list need not read any manifest. */
const imageLabel = 'fairlead/image';
/** ID of the image that one was built on. */
const parentLabel = 'fairlead/parent';

/**
 * The local images and their names as containerd's image records.
 *
 * A name is a record; and one record under the image's ID keeps an image without names until it is removed. The image's
 * own record is written first and removed last, so that whatever is interrupted leaves whole images. Nobody else writes
 * such records in the engine's namespace of a private containerd: they are read once and then kept in step.
 */
export class ImageRecords {
  readonly #store: RecordStore;
  readonly #mutex = new KeyedMutex();
  #table: ImageTable | undefined;
  #loading: Promise<ImageTable> | undefined;
  #stale = true;

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** The images, for reading. It follows every change. */
  async table(): Promise<ImageTable> {
    if (this.#table !== undefined && !this.#stale) return this.#table;
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** The same as it was last known; never waits. */
  get current(): ImageTable | undefined {
    return this.#table;
  }

  /** Look at the images and change them, with nobody in between. */
  change<Result>(work: (table: ImageTable, changes: RecordChanges) => Promise<Result>): Promise<Result> {
    return this.#mutex.run('records', async () => {
      const table = await this.table();
      try {
        return await work(table, new RecordChanges(this.#store, table));
      } catch (error) {
        // After a failed call it is not known what containerd did: read again.
        this.#stale = true;
        throw error;
      }
    });
  }

  /** Record an image with its names. From then on it needs no lease any more. @returns what lost its name. */
  keep(image: StoredImage | LoadedImage, references: readonly ImageReference[], parentId = ''): Promise<MovedName[]> {
    const id = image.config.digest;
    return this.change(async (table, changes) => {
      const moved: MovedName[] = [];
      await changes.add(id, image.manifest, parentId);
      for (const reference of references.map(lookupReference)) {
        const before = table.named(canonicalText(reference))?.id;
        if (before !== undefined && before !== id) moved.push({ reference, before });
        await changes.name(canonicalText(reference), { id, target: image.descriptor });
      }
      return moved;
    });
  }

  /** What was built elsewhere may have been built on an image that is here. */
  async setParent(id: string, parentId: string): Promise<void> {
    await this.change(async (table, changes) => {
      const target = table.image(id)?.target;
      if (target !== undefined) await changes.add(id, target, parentId);
    });
  }

  /**
   * Remove the records that have no image of ours: BuildKit writes some itself, and those that a build which was cut off
   * has left would keep its layers. To be called while nobody builds.
   */
  async dropForeign(): Promise<void> {
    const foreign = (await this.#store.list()).filter(({ labels }) => labels[imageLabel] === undefined);
    for (const { name } of foreign) await this.#store.delete(name);
  }

  async #load(): Promise<ImageTable> {
    try {
      this.#table = tableOf(await this.#store.list());
      this.#stale = false;
      return this.#table;
    } finally {
      this.#loading = undefined;
    }
  }
}

/** A name that means another image now. */
export interface MovedName {
  readonly reference: ImageReference;
  /** ID of the image that it named before. */
  readonly before: string;
}

/** Changes to the records, in containerd and in the table. */
export class RecordChanges {
  readonly #store: RecordStore;
  readonly #table: ImageTable;

  constructor(store: RecordStore, table: ImageTable) {
    this.#store = store;
    this.#table = table;
  }

  /** Take in an image. @param manifest what its own record keeps. @param parent see {@link ImageTable.add}. */
  async add(id: string, manifest: Descriptor, parent = ''): Promise<void> {
    const origin = parent || this.#table.parentOf(id);
    await this.#store.put(id, manifest, { [imageLabel]: id, ...(origin !== '' && { [parentLabel]: origin }) });
    this.#table.add(id, manifest, parent);
  }

  /** Let a canonical name stand for an image. */
  async name(name: string, image: NamedImage): Promise<void> {
    const { updatedAt } = await this.#store.put(name, image.target, { [imageLabel]: image.id });
    this.#table.name(name, { ...image, since: updatedAt.getTime() });
  }

  /** Take a canonical name away. */
  async unname(name: string): Promise<void> {
    await this.#delete(name, false);
    this.#table.unname(name);
  }

  /** Take an image without names away. @param sync return once its content is gone from the disk. */
  async remove(id: string, sync = true): Promise<void> {
    await this.#delete(id, sync);
    this.#table.remove(id);
  }

  async #delete(name: string, sync: boolean): Promise<void> {
    try {
      await this.#store.delete(name, { sync });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function tableOf(records: readonly ImageRecord[]): ImageTable {
  const table = new ImageTable();
  const ours = records.flatMap(({ name, target, labels, updatedAt }) => {
    const id = labels[imageLabel];
    return id === undefined ? [] : [{ name, target, id, parent: labels[parentLabel], since: updatedAt.getTime() }];
  });
  for (const { name, target, id, parent } of ours) if (name === id) table.add(id, target, parent);
  for (const { name, target, id, since } of ours) if (name !== id) table.name(name, { id, target, since });
  return table;
}
