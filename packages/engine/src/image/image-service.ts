import { join } from 'node:path';
import { isNotFound, lateModule } from '@fairlead/base';
import {
  canonicalText,
  familiarName,
  familiarText,
  type ImageConfig,
  type ImageReference,
  type ImageTarget,
  type LoadedImage,
  parseImageReference,
  parsePlatform,
  type StoredImage,
} from '@fairlead/registry';
import type { Container, Image } from '../model.ts';
import type { Progress } from '../progress-port.ts';
import type { BuiltImage } from './built-image.ts';
import type { CommitOptions } from './commit-port.ts';
import { imageContent } from './image-content.ts';
import { type ImageDetails, ImageReader } from './image-details.ts';
import type { LeaveParts } from './image-leave.ts';
import { digestOfTarget, findImage, lookupReference, namesOfPulled, newTag } from './image-lookup.ts';
import type {
  ImageHistoryLine,
  ImageRemoval,
  ImageService,
  ImportOptions,
  PullOptions,
  PushOptions,
} from './image-port.ts';
import { removeImage } from './image-purge.ts';
import { ImageRecords } from './image-records.ts';
import type { ImageUser } from './image-removal.ts';
import type { ImageTable } from './image-table.ts';
import { leasedTarget } from './image-target.ts';
import { imageHistory, viewIn } from './image-view.ts';
import type { ImageEvent, ImagesOptions } from './images-options.ts';
import { Registries } from './registries.ts';
import { StepImages } from './step-images.ts';

const building = lateModule(() => import('./built-image.ts'));
const layers = lateModule(() => import('./container-layer.ts'));
const transfer = () => import('@fairlead/registry/transfer');
const leaving = lateModule(() => import('./image-leave.ts'));
const pushing = lateModule(() => import('./push-plan.ts'));

/** What a container needs of its image. */
export interface ImageForCreate {
  readonly image: Image;
  /** Snapshot to put the container's own layer on; '' for an image without layers. */
  readonly chainId: string;
  readonly config: ImageConfig;
}

/**
 * Seconds after which containerd lets go of what a pull left that nobody ended. A pull that takes longer fails at its
 * end, because its first layers may have been collected.
 */
const leaseSeconds = 24 * 3600;

/** The local images, kept in containerd. */
export class Images implements ImageService {
  readonly #options: ImagesOptions;
  /** What registries are asked besides for images. */
  readonly registries: Registries;
  readonly #records: ImageRecords;
  readonly #reader: ImageReader;
  /** What builds make and find again. */
  readonly steps: StepImages;
  /** Images that are in use without a container: who uses them, by ID. */
  readonly #holders = new Map<string, string[]>();

  constructor(options: ImagesOptions) {
    this.#options = options;
    this.registries = new Registries(options.registry);
    this.#records = new ImageRecords(options.containerd.images);
    this.#reader = new ImageReader(options.containerd);
    this.steps = new StepImages({
      containerd: options.containerd,
      reader: this.#reader,
      leaseSeconds,
      table: () => this.#records.table(),
      contentOf: async (id) => await (await this.#leaving()).contentOf(id),
      keep: (image, parentId) => this.#keep(image, [], parentId),
      setParent: (id, parentId) => this.#setParent(id, parentId),
    });
  }

  /**
   * Drop what pulls and loads of a predecessor that was killed had got so far. To be called before the first one here:
   * every lease there is then is left over.
   */
  async recover(): Promise<void> {
    const { leases } = this.#options.containerd;
    await Promise.all((await leases.list()).map((id) => leases.delete(id, { sync: true })));
  }

  async list(): Promise<readonly Image[]> {
    const table = await this.#records.table();
    const all = await Promise.all(table.ids.map((id) => this.#tryRead(id)));
    return all
      .flatMap((details) => (details === undefined ? [] : [viewIn(table, details)]))
      .sort((a, b) => b.created - a.created);
  }

  async layersSize(): Promise<number> {
    const table = await this.#records.table();
    const sizes = new Map<string, number>();
    for (const details of await Promise.all(table.ids.map((id) => this.#tryRead(id)))) {
      details?.chain.forEach((layer, index) => {
        sizes.set(layer, details.layerSizes[index] ?? 0);
      });
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async inspect(reference: string): Promise<Image> {
    return (await this.resolveForCreate(reference)).image;
  }

  /** Find an image for a new container. @throws FairleadError `not-found` in Docker's words. */
  async resolveForCreate(reference: string): Promise<ImageForCreate> {
    const { details, table } = await this.#find(reference);
    return { image: viewIn(table, details), chainId: details.chain.at(-1) ?? '', config: details.imageConfig };
  }

  /** Nobody can remove an image until this is disposed of. @param holder id to tell whoever tries. */
  hold(imageId: string, holder: string): Disposable {
    this.#holders.set(imageId, [...(this.#holders.get(imageId) ?? []), holder]);
    return {
      [Symbol.dispose]: () => {
        const rest = [...(this.#holders.get(imageId) ?? [])];
        rest.splice(rest.indexOf(holder), 1);
        if (rest.length > 0) this.#holders.set(imageId, rest);
        else this.#holders.delete(imageId);
      },
    };
  }

  /** The image with this full ID, if it has been read already; never waits. `list()` reads them all. */
  known(id: string): Image | undefined {
    const table = this.#records.current;
    const details = this.#reader.peek(id);
    return table?.image(id) && details && viewIn(table, details);
  }

  async history(reference: string): Promise<readonly ImageHistoryLine[]> {
    const { details, table } = await this.#find(reference);
    const named = (id: string) => ({ id, names: table.namesOf(id) });
    return imageHistory(details, table.namesOf(details.id), table.ancestorsOf(details.id).map(named));
  }

  async tag(source: string, repository: string, tag: string): Promise<void> {
    const reference = newTag(repository, tag);
    const id = await this.#records.change(async (table, changes) => {
      const found = findImage(table, source);
      const image = (found.reference && table.named(canonicalText(found.reference))) ?? table.image(found.id);
      if (image !== undefined) await changes.name(canonicalText(reference), image);
      return found.id;
    });
    await this.#emit('tag', id, familiarText(reference));
  }

  async remove(
    text: string,
    options: { readonly force: boolean; readonly prune?: boolean },
  ): Promise<readonly ImageRemoval[]> {
    const usedBy = (image: string) => [...this.#options.usedBy(image), ...this.#heldBy(image)];
    const parts = { usedBy, read: (id: string) => this.#tryRead(id) };
    const { id, labels, removals } = await this.#records.change((table, changes) =>
      removeImage({ ...parts, table, changes }, text, options),
    );
    for (const removal of removals) {
      const subject = 'deleted' in removal ? removal.deleted : id;
      const own = labels.get(subject);
      if (own === undefined) continue;
      const action = 'deleted' in removal ? 'delete' : 'untag';
      this.#options.emit({ action, id: subject, attributes: { ...own, name: subject } });
    }
    return removals;
  }

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
    const current = digestOfTarget(await this.#records.table(), reference);
    const { auth: credentials, signal } = options;
    return yield* this.#underLease(async function* (this: Images, target: ImageTarget) {
      const parallel = this.#options.concurrency?.().downloads;
      const request = { ...this.#options.registry, parallel, reference, platform, current, target };
      const image = yield* (await transfer()).pullImage({ ...request, credentials, signal });
      await this.#keep(image, namesOfPulled(reference, image));
      await this.#emit('pull', familiarText(reference), familiarName(reference), image.config.digest);
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

  async *load(
    archive: AsyncIterable<Uint8Array>,
    options: { readonly quiet: boolean },
  ): AsyncGenerator<Progress, void> {
    const lines = this.#underLease(async function* (this: Images, target: ImageTarget) {
      const { loadImages } = await transfer();
      for (const image of yield* loadImages({ archive, target })) {
        for (const moved of await this.#keep(image, image.names)) yield { stream: renamed(moved) };
        await this.#emit('load', image.config.digest, image.config.digest);
      }
    });
    for await (const line of lines) if (!options.quiet || line.stream !== undefined) yield line;
  }

  async *import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): AsyncGenerator<Progress, void> {
    const reference = options.repository ? newTag(options.repository, options.tag ?? '') : undefined;
    const platform = options.platform ? parsePlatform(options.platform) : undefined;
    const { changes, message } = options;
    yield* this.#underLease(async function* (this: Images, target: ImageTarget) {
      const { importImage } = await transfer();
      const image = yield* importImage({ archive, changes, message, platform, created: new Date(), target });
      const id = image.config.digest;
      await this.#keep(image, reference === undefined ? [] : [reference]);
      if (reference !== undefined) await this.#emit('tag', id, familiarText(reference));
      await this.#emit('import', id, id);
    });
  }

  /** Images as an archive. @throws FairleadError `not-found` for the first name that there is no image for. */
  async save(names: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
    const { archive, ids } = await (await leaving()).saveArchive(await this.#leaving(), names);
    for (const id of ids) await this.#emit('save', id, id);
    return archive;
  }

  async *push(repository: string, options: PushOptions): AsyncGenerator<Progress, void> {
    const parts = await this.#leaving();
    const { planPush, pushedReference } = await pushing();
    const reference = pushedReference(repository, options.tag);
    // Docker says so before it looks for the image: what is missing then is a line of the answer, and no status.
    yield { status: `The push refers to repository [${reference.domain}/${reference.path}]` };
    const plan = planPush(parts.table, reference);
    const { auth: credentials, signal } = options;
    const parallel = this.#options.concurrency?.().uploads;
    const settings = { ...this.#options.registry, parallel, credentials, signal };
    yield* (await leaving()).pushPlanned(parts, plan, settings);
    const [{ id } = { id: '' }] = plan.pushes;
    await this.#emit('push', familiarText(plan.reference), familiarName(plan.reference), id);
  }

  async #leaving(): Promise<LeaveParts> {
    const { containerd } = this.#options;
    const table = await this.#records.table();
    const contentOf = (id: string) => imageContent(id, table, containerd, this.#reader);
    return { containerd, table, records: this.#records, leaseSeconds, contentOf };
  }

  /** See {@link ImageRecords.dropForeign}. */
  readonly dropUnkept = (): Promise<void> => this.#records.dropForeign();

  /** Take in an image that BuildKit has put into containerd. @returns its ID. @throws FairleadError `not-found`. */
  async keepBuilt(built: BuiltImage): Promise<string> {
    const { containerd } = this.#options;
    await using lease = await containerd.leases.create(leaseSeconds);
    const target = leasedTarget(containerd, lease);
    const { image, references, digests } = await (await building()).storeBuiltImage(containerd.content, built, target);
    const id = image.config.digest;
    await this.#keep(image, [...references, ...digests]);
    if (built.record !== undefined) await containerd.images.delete(built.record);
    for (const reference of references) await this.#emit('tag', id, familiarText(reference));
    return id;
  }

  /** Make an image of a container's files and of how it runs. @returns its ID. */
  async commit(container: Container, options: CommitOptions, name: ImageReference | undefined): Promise<string> {
    const { containerd, execRoot } = this.#options;
    const parent = await (await this.#leaving()).contentOf(container.imageId);
    await using lease = await containerd.leases.create(leaseSeconds);
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
    await this.#keep(image, name === undefined ? [] : [name], container.imageId);
    if (name !== undefined) await this.#emit('tag', id, familiarText(name));
    return id;
  }

  /** Give something a place to put images in, and clear up what it leaves when it fails or is left early. */
  async *#underLease<T = void>(
    work: (this: Images, target: ImageTarget) => AsyncGenerator<Progress, T>,
  ): AsyncGenerator<Progress, T> {
    const { containerd } = this.#options;
    const lease = await containerd.leases.create(leaseSeconds);
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

  /** Record an image with its names. From then on it no longer needs the lease. @returns what lost its name. */
  #keep(image: StoredImage | LoadedImage, references: readonly ImageReference[], parentId = ''): Promise<MovedName[]> {
    const id = image.config.digest;
    return this.#records.change(async (table, changes) => {
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
  async #setParent(id: string, parentId: string): Promise<void> {
    await this.#records.change(async (table, changes) => {
      const target = table.image(id)?.target;
      if (target !== undefined) await changes.add(id, target, parentId);
    });
  }

  #heldBy(imageId: string): ImageUser[] {
    return (this.#holders.get(imageId) ?? []).map((id) => ({ id, running: true }));
  }

  async #labelsOf(id: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#tryRead(id))?.imageConfig.config?.Labels ?? {};
  }

  async #find(reference: string): Promise<{ details: ImageDetails; table: ImageTable }> {
    const table = await this.#records.table();
    const { id } = findImage(table, reference);
    return { details: await this.#reader.read(id), table };
  }

  /** An image whose content is gone must not hide the others, and it must be possible to remove it. */
  async #tryRead(id: string): Promise<ImageDetails | undefined> {
    try {
      return await this.#reader.read(id);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** @param imageId whose labels the event carries. */
  async #emit(action: ImageEvent['action'], id: string, name: string, imageId = id): Promise<void> {
    this.#options.emit({ action, id, attributes: { ...(await this.#labelsOf(imageId)), name } });
  }
}

interface MovedName {
  readonly reference: ImageReference;
  /** ID of the image that it named before. */
  readonly before: string;
}

function renamed({ reference, before }: MovedName): string {
  const name = familiarText(reference);
  return `The image ${name} already exists, renaming the old one with ID ${before} to empty string\n`;
}
