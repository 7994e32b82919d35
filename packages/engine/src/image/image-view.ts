import { canonicalText, familiarText, type ImageHistoryEntry, parseImageReference } from '@fairlead/registry';
import type { Image } from '../model.ts';
import { type ImageDetails, timeOf } from './image-details.ts';

/** One step of an image's making, newest first, as `docker history` lists them. */
export interface ImageHistoryLine {
  /** The image's ID for the newest step, `<missing>` for the others. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly createdBy: string;
  /** Bytes of the step's layer. */
  readonly size: number;
  readonly comment: string;
  readonly tags: readonly string[];
}

/** An image as the API sees it. @param names canonical texts. */
export function imageView(details: ImageDetails, names: readonly string[]): Image {
  const { id, created, layerSizes, imageConfig, document } = details;
  return {
    id,
    ...splitNames(names),
    created,
    size: layerSizes.reduce((sum, size) => sum + size, 0),
    architecture: imageConfig.architecture,
    os: imageConfig.os,
    layers: imageConfig.rootfs.diff_ids,
    config: document,
  };
}

/** How an image was made. An image that does not say has one step for each layer. */
export function imageHistory(details: ImageDetails, names: readonly string[]): ImageHistoryLine[] {
  const { id, created, layerSizes, imageConfig } = details;
  const steps: readonly ImageHistoryEntry[] = imageConfig.history ?? layerSizes.map(() => ({}));
  const sizes = layerSizes.values();
  const lines = steps.map(
    (step): ImageHistoryLine => ({
      id: '<missing>',
      created: step.created === undefined ? created : timeOf(step.created),
      createdBy: step.created_by ?? '',
      size: step.empty_layer ? 0 : (sizes.next().value ?? 0),
      comment: step.comment ?? '',
      tags: [],
    }),
  );
  const newest = lines.pop() ?? { created, createdBy: '', size: 0, comment: '' };
  return [{ ...newest, id, tags: splitNames(names).tags }, ...lines.reverse()];
}

function splitNames(names: readonly string[]): Pick<Image, 'tags' | 'digests'> {
  const references = names.map(parseImageReference).sort((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1));
  return {
    tags: references.filter(({ digest }) => digest === undefined).map(familiarText),
    digests: references.filter(({ digest }) => digest !== undefined).map(familiarText),
  };
}
