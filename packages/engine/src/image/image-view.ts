import { canonicalText, familiarText, type ImageHistoryEntry, parseImageReference } from '@fairlead/registry';
import type { Image } from '../model.ts';
import { type ImageDetails, timeOf } from './image-details.ts';
import type { ImageHistoryLine } from './image-port.ts';
import type { ImageTable } from './image-table.ts';

/** An image as the API sees it. @param names canonical texts. */
export function imageView(
  details: ImageDetails,
  names: readonly string[],
  family: { readonly parent: string; readonly isParent: boolean } = { parent: '', isParent: false },
): Image {
  const { id, created, layerSizes, imageConfig, document } = details;
  return {
    id,
    ...splitNames(names),
    created,
    size: layerSizes.reduce((sum, size) => sum + size, 0),
    architecture: imageConfig.architecture,
    os: imageConfig.os,
    layers: imageConfig.rootfs.diff_ids,
    layerSizes,
    config: document,
    ...(family.parent !== '' && { parent: family.parent }),
    ...(family.isParent && { isParent: true as const }),
  };
}

/** An image as the API sees it, with what is known of the others. */
export function viewIn(table: ImageTable, details: ImageDetails): Image {
  const { id } = details;
  const family = { parent: table.parentOf(id), isParent: table.childrenOf(id).length > 0 };
  const lastNamed = table.lastNamed(id);
  return { ...imageView(details, table.namesOf(id), family), ...(lastNamed !== undefined && { lastNamed }) };
}

/** An image of a history, with its canonical names. */
export interface NamedStep {
  readonly id: string;
  readonly names: readonly string[];
}

/**
 * How an image was made. An image that does not say has one step for each layer.
 *
 * @param ancestors images of the steps before it that are still there, the nearest first.
 */
export function imageHistory(
  details: ImageDetails,
  names: readonly string[],
  ancestors: readonly NamedStep[] = [],
): ImageHistoryLine[] {
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
  if (lines.length === 0) lines.push({ id, created, createdBy: '', size: 0, comment: '', tags: [] });
  const known = [{ id, names }, ...ancestors];
  return lines.reverse().map((line, index) => {
    const step = known[index];
    return step === undefined ? line : { ...line, id: step.id, tags: splitNames(step.names).tags };
  });
}

function splitNames(names: readonly string[]): Pick<Image, 'tags' | 'digests'> {
  const references = names.map(parseImageReference).sort((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1));
  return {
    tags: references.filter(({ digest }) => digest === undefined).map(familiarText),
    digests: references.filter(({ digest }) => digest !== undefined).map(familiarText),
  };
}
