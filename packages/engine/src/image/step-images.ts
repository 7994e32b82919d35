import { randomUUID } from 'node:crypto';
import { isConflict } from '@fairlead/base';
import {
  type BuildStep,
  chainIds,
  type Digest,
  emptyLayer,
  hostPlatform,
  type ImageRunConfig,
  type StepLayer,
  type StoredImage,
} from '@fairlead/registry';
import type { Containerd, Lease } from '@fairlead/runtime';
import { containerLayer } from './container-layer.ts';
import type { ImageContent } from './image-content.ts';
import type { ImageReader } from './image-details.ts';
import type { ImageTable } from './image-table.ts';
import { leasedTarget } from './image-target.ts';

/** What a step of a build was, apart from the files that it has changed. */
export type StepDescription = Pick<BuildStep, 'config' | 'stepConfig' | 'containerId' | 'author'> & {
  /** ID of the image before it; '' for the first one of `FROM scratch`. */
  readonly parentId: string;
};

/** Where the files are that a step has changed. */
export interface StepFiles {
  /** Key of an active snapshot on the parent's layers. */
  readonly snapshot: string;
  /** Nobody needs the snapshot any more: it becomes the layer itself. */
  readonly isDone: boolean;
}

/** What {@link StepImages} works with. */
export interface StepImageParts {
  readonly containerd: Pick<Containerd, 'content' | 'layers' | 'leases' | 'snapshots' | 'differ'>;
  readonly reader: ImageReader;
  readonly leaseSeconds: number;
  readonly table: () => Promise<ImageTable>;
  readonly contentOf: (id: string) => Promise<ImageContent>;
  /** Record an image without a name. @param parentId '' for none. */
  readonly keep: (image: StoredImage, parentId: string) => Promise<unknown>;
  readonly setParent: (id: string, parentId: string) => Promise<void>;
}

/** The images that builds make, step by step, and find again. */
export class StepImages {
  readonly #parts: StepImageParts;

  constructor(parts: StepImageParts) {
    this.#parts = parts;
  }

  /** Make the image of a step. @param files absent for a step that only changes how containers run. @returns its ID. */
  async add(step: StepDescription, files?: StepFiles): Promise<string> {
    const { containerd, leaseSeconds } = this.#parts;
    await using lease = await containerd.leases.create(leaseSeconds);
    const parent = step.parentId === '' ? undefined : await this.#parts.contentOf(step.parentId);
    const layer = files === undefined ? undefined : await this.#layer(files, parent, lease);
    return await this.#store({ ...step, parent, layer, created: new Date(), platform: hostPlatform() }, lease);
  }

  /** The newest image that such a step has made of this parent ('' for none). */
  async findChild(parentId: string, stepConfig: ImageRunConfig): Promise<string | undefined> {
    const { isSameStep } = await import('@fairlead/registry/transfer');
    const table = await this.#parts.table();
    const candidates =
      parentId === '' ? table.ids.filter((id) => table.parentOf(id) === '') : table.childrenOf(parentId);
    const found: { readonly id: string; readonly created: number }[] = [];
    for (const id of candidates) {
      const { imageConfig, created } = await this.#parts.reader.read(id);
      const own = imageConfig.container_config;
      // One whose parent has gone began with something all the same.
      if (own === undefined || (parentId === '' && own.Image !== undefined)) continue;
      if (isSameStep(own, stepConfig)) found.push({ id, created });
    }
    return found.toSorted((a, b) => b.created - a.created)[0]?.id;
  }

  /**
   * The image of a step that another image, which was perhaps built elsewhere, went through after the same beginning
   * (moby, image/cache ImageCache). Its layer is taken over.
   */
  async findStepOf(sourceId: string, step: StepDescription): Promise<string | undefined> {
    const source = await this.#parts.contentOf(sourceId);
    const parent = step.parentId === '' ? undefined : await this.#parts.contentOf(step.parentId);
    const index = parent?.config.history?.length ?? 0;
    const entry = source.config.history?.[index];
    if (entry === undefined || !beginsLike(source, parent)) return undefined;
    if ((entry.created_by ?? '') !== (step.stepConfig.Cmd ?? []).join(' ')) return undefined;
    if (index === (source.config.history?.length ?? 0) - 1) {
      if (step.parentId !== '') await this.#parts.setParent(sourceId, step.parentId);
      return sourceId;
    }
    const { containerd, leaseSeconds } = this.#parts;
    await using lease = await containerd.leases.create(leaseSeconds);
    const created = new Date(entry.created ?? 0);
    const layer = entry.empty_layer ? undefined : layerAt(source, index);
    return await this.#store({ ...step, parent, layer, created, platform: hostPlatform() }, lease);
  }

  async #store(step: BuildStep & Pick<StepDescription, 'parentId'>, lease: Lease): Promise<string> {
    const { storeBuildStep } = await import('@fairlead/registry/transfer');
    const image = await storeBuildStep(step, leasedTarget(this.#parts.containerd, lease));
    await this.#parts.keep(image, step.parentId);
    return image.config.digest;
  }

  async #layer({ snapshot, isDone }: StepFiles, parent: ImageContent | undefined, lease: Lease): Promise<StepLayer> {
    const { containerd } = this.#parts;
    const { layer, diffId } = await containerLayer(containerd, snapshot, lease);
    const chain = chainIds([...(parent?.config.rootfs.diff_ids ?? []), diffId]);
    if (isDone && diffId !== emptyLayer) await this.#commit(snapshot, chain.at(-1), lease);
    return { descriptor: layer, diffId };
  }

  /** The files are there already: unpacking the layer would make them once more. */
  async #commit(snapshot: string, chainId: Digest | undefined, lease: Lease): Promise<void> {
    try {
      await this.#parts.containerd.snapshots.commit(snapshot, chainId ?? randomUUID(), { lease });
    } catch (error) {
      // The same layer has been made before.
      if (!isConflict(error)) throw error;
    }
  }
}

/** True when an image went through all that another one went through, and goes on after that. */
function beginsLike(image: ImageContent, parent: ImageContent | undefined): boolean {
  const history = image.config.history ?? [];
  const before = parent?.config.history ?? [];
  const layers = parent?.config.rootfs.diff_ids ?? [];
  return (
    before.length < history.length &&
    before.every((entry, index) => JSON.stringify(entry) === JSON.stringify(history[index])) &&
    layers.every((layer, index) => layer === image.config.rootfs.diff_ids[index])
  );
}

/** The layer that a step of an image has made. */
function layerAt({ config, manifest }: ImageContent, index: number): StepLayer | undefined {
  const number = (config.history ?? []).slice(0, index).filter(({ empty_layer: isEmpty }) => !isEmpty).length;
  const [descriptor, diffId] = [manifest.layers[number], config.rootfs.diff_ids[number]];
  return descriptor && diffId && { descriptor, diffId };
}
