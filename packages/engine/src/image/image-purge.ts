import { canonicalText, familiarText, parseImageReference } from '@fairlead/registry';
import type { ImageDetails } from './image-details.ts';
import { findImage } from './image-lookup.ts';
import type { ImageRemoval } from './image-port.ts';
import type { RecordChanges } from './image-records.ts';
import { type ImageUser, orphanedAncestors, orphanedLayers, planRemoval } from './image-removal.ts';
import type { ImageTable } from './image-table.ts';

/** What a removal works with, while nobody else changes the records. */
export interface PurgeParts {
  readonly table: ImageTable;
  readonly changes: RecordChanges;
  readonly usedBy: (imageId: string) => readonly ImageUser[];
  /** @returns `undefined` when the content is gone. */
  readonly read: (id: string) => Promise<ImageDetails | undefined>;
}

/** What a removal has done. */
export interface Removed {
  /** The image that was asked for. */
  readonly id: string;
  /** Of that image and of those that have gone. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly removals: readonly ImageRemoval[];
}

/**
 * Take names away, the image when it has none left, and what it was built on when nobody else needs that.
 *
 * @throws FairleadError `not-found`, or `conflict` in Docker's words.
 */
export async function removeImage(
  parts: PurgeParts,
  text: string,
  { force, prune = true }: { readonly force: boolean; readonly prune?: boolean },
): Promise<Removed> {
  const { table, changes, usedBy } = parts;
  const { id, reference } = findImage(table, text);
  const references = table.namesOf(id).map(parseImageReference);
  const named = reference && { text, reference };
  const isParent = table.childrenOf(id).length > 0;
  const plan = planRemoval({ id, references, named, force, users: usedBy(id), isParent });
  const isWanted = (other: string) => table.namesOf(other).length > 0 || usedBy(other).length > 0;
  const going = plan.delete ? [id, ...(prune ? orphanedAncestors(id, table, isWanted) : [])] : [];
  const labels = await labelsOf(new Set([id, ...going]), parts);
  for (const name of plan.untag) await changes.unname(canonicalText(name));
  const removals: ImageRemoval[] = plan.untag.map((name) => ({ untagged: familiarText(name) }));
  for (const image of going) {
    const layers = usedBy(image).length === 0 ? await freedLayers(image, parts) : [];
    // The last one waits until the content of all of them is gone.
    await changes.remove(image, image === going.at(-1));
    removals.push({ deleted: image }, ...layers);
  }
  return { id, labels, removals };
}

async function labelsOf(ids: Iterable<string>, { read }: PurgeParts) {
  const labels = new Map<string, Readonly<Record<string, string>>>();
  for (const id of ids) labels.set(id, (await read(id))?.imageConfig.config?.Labels ?? {});
  return labels;
}

/** Layers that no other image has, highest first. */
async function freedLayers(id: string, { table, read }: PurgeParts): Promise<{ deleted: string; size: number }[]> {
  const others = await Promise.all(table.ids.filter((other) => other !== id).map(read));
  const { chain = [], layerSizes = [] } = (await read(id)) ?? {};
  const gone = orphanedLayers(
    chain,
    others.map((other) => other?.chain ?? []),
  );
  const sizes = new Map<string, number>(chain.map((layer, index) => [layer, layerSizes[index] ?? 0]));
  return gone.map((layer) => ({ deleted: layer, size: sizes.get(layer) ?? 0 }));
}
