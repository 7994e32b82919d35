import { join } from 'node:path';
import { lateModule } from '@fairlead/base';
import {
  familiarName,
  familiarText,
  type ImageReference,
  type ImageTarget,
  parseImageReference,
  parsePlatform,
} from '@fairlead/registry';
import type { Container } from '../model.ts';
import type { Progress } from '../progress-port.ts';
import type { BuiltImage } from './built-image.ts';
import type { CommitOptions } from './commit-port.ts';
import type { ImageContent } from './image-content.ts';
import { digestOfTarget, lookupReference, namesOfPulled, newTag } from './image-lookup.ts';
import type { ImportOptions, LoadOptions, PullOptions } from './image-port.ts';
import type { ImageRecords, MovedName } from './image-records.ts';
import { leasedTarget } from './image-target.ts';
import type { ImageEvent, ImagesOptions } from './images-options.ts';

const building = lateModule(() => import('./built-image.ts'));
const layers = lateModule(() => import('./container-layer.ts'));
const transfer = () => import('@fairlead/registry/transfer');

/** What images need to come into the engine. */
export interface ArrivalParts {
  readonly records: ImageRecords;
  /** Seconds until containerd lets go of what nobody has let go of. */
  readonly leaseSeconds: number;
  readonly contentOf: (id: string) => Promise<ImageContent>;
  /** @param imageId whose labels the event carries; absent means `id`. */
  readonly emit: (action: ImageEvent['action'], id: string, name: string, imageId?: string) => Promise<void>;
}

/** Images that come: from registries, out of archives, from BuildKit, and of containers. */
export class ImageArrivals {
  readonly #options: ImagesOptions;
  readonly #parts: ArrivalParts;

  constructor(options: ImagesOptions, parts: ArrivalParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** See `ImageService.pull`. */
  async *pull(text: string, options: PullOptions = {}): AsyncGenerator<Progress, void> {
    const asked = parseImageReference(text);
    const isWhole = asked.tag === undefined && asked.digest === undefined;
    const reference = isWhole ? asked : lookupReference(asked);
    const isNew = yield* isWhole ? this.#pullAll(asked, options) : this.#pullOne(reference, options);
    yield (await transfer()).pullStatus(reference, isNew);
  }

  /** @returns whether the name names something else than before. */
  async *#pullOne(reference: ImageReference, options: PullOptions): AsyncGenerator<Progress, boolean> {
    const platform = options.platform ? parsePlatform(options.platform) : undefined;
    const current = digestOfTarget(await this.#parts.records.table(), reference);
    const { auth: credentials, signal } = options;
    return yield* this.#underLease(async function* (this: ImageArrivals, target: ImageTarget) {
      const parallel = this.#options.concurrency?.().downloads;
      const request = { ...this.#options.registry, parallel, reference, platform, current, target };
      const image = yield* (await transfer()).pullImage({ ...request, credentials, signal });
      await this.#parts.records.keep(image, namesOfPulled(reference, image));
      await this.#parts.emit('pull', familiarText(reference), familiarName(reference), image.config.digest);
      return image.isNew;
    });
  }

  /** Every tag of a repository, one after the other, as Docker does when nobody names one. @returns whether one is new. */
  async *#pullAll(repository: ImageReference, options: PullOptions): AsyncGenerator<Progress, boolean> {
    const { auth: credentials, signal } = options;
    const { listTags } = await transfer();
    let isNew = false;
    for (const tag of await listTags(repository, { ...this.#options.registry, credentials, signal })) {
      isNew = (yield* this.#pullOne(lookupReference({ ...repository, tag }), options)) || isNew;
    }
    return isNew;
  }

  /** See `ImageService.load`. */
  async *load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): AsyncGenerator<Progress, void> {
    const platform = options.platform ? parsePlatform(options.platform) : undefined;
    const lines = this.#underLease(async function* (this: ImageArrivals, target: ImageTarget) {
      const { loadImages } = await transfer();
      for (const image of yield* loadImages({ archive, platform, target })) {
        for (const moved of await this.#parts.records.keep(image, image.names)) yield { stream: renamed(moved) };
        await this.#parts.emit('load', image.config.digest, image.config.digest);
      }
    });
    for await (const line of lines) if (!options.quiet || line.stream !== undefined) yield line;
  }

  /** See `ImageService.import`. */
  async *import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): AsyncGenerator<Progress, void> {
    const reference = options.repository ? newTag(options.repository, options.tag ?? '') : undefined;
    const platform = options.platform ? parsePlatform(options.platform) : undefined;
    const { changes, message } = options;
    yield* this.#underLease(async function* (this: ImageArrivals, target: ImageTarget) {
      const { importImage } = await transfer();
      const image = yield* importImage({ archive, changes, message, platform, created: new Date(), target });
      const id = image.config.digest;
      await this.#parts.records.keep(image, reference === undefined ? [] : [reference]);
      if (reference !== undefined) await this.#parts.emit('tag', id, familiarText(reference));
      await this.#parts.emit('import', id, id);
    });
  }

  /** Take in an image that BuildKit has put into containerd. @returns its ID. @throws FairleadError `not-found`. */
  async keepBuilt(built: BuiltImage): Promise<string> {
    const { containerd } = this.#options;
    await using lease = await containerd.leases.create(this.#parts.leaseSeconds);
    const target = leasedTarget(containerd, lease);
    const { image, references, digests } = await (await building()).storeBuiltImage(containerd.content, built, target);
    const id = image.config.digest;
    await this.#parts.records.keep(image, [...references, ...digests]);
    if (built.record !== undefined) await containerd.images.delete(built.record);
    for (const reference of references) await this.#parts.emit('tag', id, familiarText(reference));
    return id;
  }

  /** Make an image of a container's files and of how it runs. @returns its ID. */
  async commit(container: Container, options: CommitOptions, name: ImageReference | undefined): Promise<string> {
    const { containerd, execRoot } = this.#options;
    const parent = await this.#parts.contentOf(container.imageId);
    await using lease = await containerd.leases.create(this.#parts.leaseSeconds);
    const [{ commitImage }, { containerLayer, runSettings }] = await Promise.all([transfer(), layers()]);
    const image = await commitImage({
      ...(await containerLayer(containerd, container.id, lease, join(execRoot, 'mark'))),
      parent,
      settings: runSettings(container),
      asked: options.config,
      changes: options.changes,
      author: options.author,
      message: options.message,
      created: new Date(),
      target: leasedTarget(containerd, lease),
    });
    const id = image.config.digest;
    await this.#parts.records.keep(image, name === undefined ? [] : [name], container.imageId);
    if (name !== undefined) await this.#parts.emit('tag', id, familiarText(name));
    return id;
  }

  /** Give something a place to put images in, and clear up what it leaves when it fails or is left early. */
  async *#underLease<T = void>(
    work: (this: ImageArrivals, target: ImageTarget) => AsyncGenerator<Progress, T>,
  ): AsyncGenerator<Progress, T> {
    const { containerd } = this.#options;
    const lease = await containerd.leases.create(this.#parts.leaseSeconds);
    let whole = false;
    try {
      const result = yield* work.call(this, leasedTarget(containerd, lease));
      whole = true;
      return result;
    } finally {
      // The reason why the work failed says more than why the lease stays; it expires.
      await containerd.leases.delete(lease.id, { sync: !whole }).catch(() => {});
    }
  }
}

function renamed({ reference, before }: MovedName): string {
  const name = familiarText(reference);
  return `The image ${name} already exists, renaming the old one with ID ${before} to empty string\n`;
}
