import { isNotFound, lateModule } from '@fairlead/base';
import { canonicalText, familiarName, familiarText, type ImageConfig, type ImageReference } from '@fairlead/registry';
import type { Container, Image } from '../model.ts';
import type { Progress } from '../progress-port.ts';
import type { BuiltImage } from './built-image.ts';
import type { CommitOptions } from './commit-port.ts';
import type { ImageArrivals } from './image-arrival.ts';
import { imageContent } from './image-content.ts';
import { type ImageDetails, ImageReader } from './image-details.ts';
import type { LeaveParts } from './image-leave.ts';
import { findImage, newTag } from './image-lookup.ts';
import type {
  ImageHistoryLine,
  ImageRemoval,
  ImageService,
  ImportOptions,
  LoadOptions,
  PullOptions,
  PushOptions,
} from './image-port.ts';
import { ImageRecords } from './image-records.ts';
import type { ImageUser } from './image-removal.ts';
import type { ImageTable } from './image-table.ts';
import { imageHistory, viewIn } from './image-view.ts';
import type { ImageEvent, ImagesOptions } from './images-options.ts';
import { Registries } from './registries.ts';
import { StepImages } from './step-images.ts';

const arriving = lateModule(() => import('./image-arrival.ts'));
const purging = lateModule(() => import('./image-purge.ts'));
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
      keep: (image, parentId) => this.#records.keep(image, [], parentId),
      setParent: (id, parentId) => this.#records.setParent(id, parentId),
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
    const { removeImage } = await purging();
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
    yield* (await this.#arrivals()).pull(text, options);
  }

  async *load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): AsyncGenerator<Progress, void> {
    yield* (await this.#arrivals()).load(archive, options);
  }

  async *import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): AsyncGenerator<Progress, void> {
    yield* (await this.#arrivals()).import(archive, options);
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
    return await (await this.#arrivals()).keepBuilt(built);
  }

  /** Make an image of a container's files and of how it runs. @returns its ID. */
  async commit(container: Container, options: CommitOptions, name: ImageReference | undefined): Promise<string> {
    return await (await this.#arrivals()).commit(container, options, name);
  }

  async #arrivals(): Promise<ImageArrivals> {
    const { ImageArrivals } = await arriving();
    return new ImageArrivals(this.#options, {
      records: this.#records,
      leaseSeconds,
      contentOf: async (id) => await (await this.#leaving()).contentOf(id),
      emit: (action, id, labelled, imageId) => this.#emit(action, id, labelled, imageId),
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
