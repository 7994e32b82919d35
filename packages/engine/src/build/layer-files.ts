import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import type { Lease } from '@fairlead/runtime';
import type { EngineContext } from '../context.ts';
import { mountPlace } from '../files/mount-place.ts';
import { ImageFiles } from './copy-source.ts';

/** Seconds after which containerd lets go of what a build left that nobody ended. */
const leaseSeconds = 24 * 3600;

/** The files of images while a build looks at them or adds to them; all of it goes when this is disposed of. */
export class LayerFiles implements AsyncDisposable {
  readonly #context: EngineContext;
  /** There is none before something is needed: a build that finds all its steps needs nothing. */
  #lease: Promise<Lease> | undefined;
  readonly #held = new DisposableStack();
  readonly #images = new Map<string, ImageFiles>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** The files of an image, to be read. */
  async ofImage(imageId: string): Promise<ImageFiles> {
    const known = this.#images.get(imageId);
    if (known !== undefined) return known;
    const { containerd, files: calls, settings } = this.#context;
    const parent = await this.#chain(imageId);
    const lease = await this.#leased();
    const layers = await containerd.snapshots.view(`build-${randomUUID()}`, parent, { lease });
    const descriptor = calls.openMountTree(mountPlace(settings), { layers, readOnly: true, binds: [] });
    this.#held.adopt(descriptor, closeSync);
    const files = new ImageFiles({ descriptor, calls });
    this.#images.set(imageId, files);
    return files;
  }

  /**
   * Change the files of an image in a layer of its own.
   *
   * @param imageId '' for no files at all.
   * @returns key of the snapshot that has the changes, and what `work` returned.
   */
  async change<T>(imageId: string, work: (root: number) => Promise<T>): Promise<{ snapshot: string; result: T }> {
    const { containerd, files: calls, settings } = this.#context;
    const snapshot = `build-${randomUUID()}`;
    const lease = await this.#leased();
    const layers = await containerd.snapshots.prepare(snapshot, await this.#chain(imageId), { lease });
    const root = calls.openMountTree(mountPlace(settings), { layers, readOnly: false, binds: [] });
    try {
      return { snapshot, result: await work(root) };
    } finally {
      closeSync(root);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#held.dispose();
    const lease = await this.#lease?.catch(() => undefined);
    if (lease !== undefined) await this.#context.containerd.leases.delete(lease.id, { sync: true });
  }

  #leased(): Promise<Lease> {
    this.#lease ??= this.#context.containerd.leases.create(leaseSeconds);
    return this.#lease;
  }

  async #chain(imageId: string): Promise<string> {
    return imageId === '' ? '' : (await this.#context.images.resolveForCreate(imageId)).chainId;
  }
}
