import { FairleadError } from '@fairlead/base';
import {
  canonicalText,
  type Digest,
  type ImageReference,
  type ImageToPush,
  type ImageToSave,
  type Progress,
  parseImageReference,
  type RegistryCredentials,
  type RegistrySettings,
} from '@fairlead/registry';
import type { Containerd } from '@fairlead/runtime';
import { heldStream } from '../held-stream.ts';
import type { ImageContent } from './image-content.ts';
import { imagesWithTags } from './image-lookup.ts';
import type { ImageRecords } from './image-records.ts';
import type { ImageTable } from './image-table.ts';
import { leasedTarget } from './image-target.ts';
import type { PushPlan } from './push-plan.ts';

/** What images need to leave the engine. */
export interface LeaveParts {
  readonly containerd: Pick<Containerd, 'content' | 'layers' | 'leases' | 'snapshots'>;
  readonly table: ImageTable;
  readonly records: Pick<ImageRecords, 'change'>;
  /** Seconds until containerd lets go of what nobody has let go of. */
  readonly leaseSeconds: number;
  readonly contentOf: (id: string) => Promise<ImageContent>;
}

/**
 * Images as an archive, and the IDs of those that are in it.
 *
 * @throws FairleadError `not-found` for the first name that there is no image for.
 */
export async function saveArchive(parts: LeaveParts, names: readonly string[]) {
  const found = mergedById(names.flatMap((name) => imagesWithTags(parts.table, name)));
  const contents = await Promise.all([...found.keys()].map(parts.contentOf));
  const { saveImages } = await import('@fairlead/registry/transfer');
  const images = contents.map((content) => toSave(content, found.get(content.id) ?? []));
  const held = await holdContents(parts, contents);
  const archive = heldStream(
    saveImages(images, (digest) => parts.containerd.content.read(digest)),
    held,
  );
  return { archive, ids: [...found.keys()] };
}

/** Send what was planned to its registry; from then on the images have the digests that they have there. */
export async function* pushPlanned(
  parts: LeaveParts,
  { reference, pushes }: PushPlan,
  settings: RegistrySettings & {
    readonly parallel: number | undefined;
    readonly credentials: RegistryCredentials | undefined;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<Progress, void> {
  const contents = await Promise.all(pushes.map(({ id }) => parts.contentOf(id)));
  const images = pushes.flatMap(({ tag }, index) => {
    const content = contents[index];
    return content === undefined ? [] : [toPush(content, tag)];
  });
  await using _ = await holdContents(parts, contents);
  const sources = await blobSources(parts, reference);
  const { pushImages } = await import('@fairlead/registry/transfer');
  yield* pushImages({
    ...settings,
    reference,
    images,
    read: (digest) => (offset) => parts.containerd.content.read(digest, { offset }),
    sourceOf: (digest) => sources.get(digest),
  });
  await keepDigests(parts, reference, contents);
}

/** An image that was removed while it was sent stays so. */
async function keepDigests(
  { records }: LeaveParts,
  { domain, path }: ImageReference,
  sent: readonly ImageContent[],
): Promise<void> {
  await records.change(async (table, changes) => {
    for (const { id, descriptor } of sent) {
      const name = canonicalText({ domain, path, digest: descriptor.digest });
      if (table.image(id) !== undefined) await changes.name(name, { id, target: descriptor });
    }
  });
}

/** What is removed meanwhile stays until it has left. */
async function holdContents(parts: LeaveParts, contents: readonly ImageContent[]): Promise<AsyncDisposableStack> {
  await using held = new AsyncDisposableStack();
  const lease = held.use(await parts.containerd.leases.create(parts.leaseSeconds));
  const { content } = leasedTarget(parts.containerd, lease);
  const blobs = contents.flatMap(({ descriptor, manifest }) => [descriptor, manifest.config, ...manifest.layers]);
  for (const digest of new Set(blobs.map((blob) => blob.digest))) {
    if (!(await content.has(digest))) throw new FairleadError('not-found', `content digest ${digest}: not found`);
  }
  return held.move();
}

/** Other repositories of the registry that local images come from or went to, by the blobs that they must have. */
async function blobSources(
  { table, contentOf }: LeaveParts,
  { domain, path }: ImageReference,
): Promise<ReadonlyMap<Digest, string>> {
  const sources = new Map<Digest, string>();
  for (const id of table.ids) {
    const names = table.namesOf(id).map(parseImageReference);
    const sibling = names.find((name) => name.domain === domain && name.path !== path);
    if (sibling === undefined) continue;
    for (const { digest } of (await contentOf(id)).manifest.layers) sources.set(digest, sibling.path);
  }
  return sources;
}

function toSave({ descriptor, manifest, config }: ImageContent, names: readonly ImageReference[]): ImageToSave {
  return { manifest: descriptor, config: manifest.config, layers: manifest.layers, imageConfig: config, names };
}

function toPush({ descriptor, bytes, manifest, config }: ImageContent, tag: string): ImageToPush {
  const layers = manifest.layers.map((layer, index) => ({
    descriptor: layer,
    diffId: config.rootfs.diff_ids[index] ?? layer.digest,
  }));
  return { tag, manifest: { descriptor, bytes }, config: manifest.config, layers };
}

/** An image that was named several times is saved once, with all its names. */
function mergedById(found: readonly { readonly id: string; readonly tags: readonly ImageReference[] }[]) {
  const byId = new Map<string, ImageReference[]>();
  for (const { id, tags } of found) {
    const names = [...(byId.get(id) ?? []), ...tags].map((name) => [canonicalText(name), name] as const);
    byId.set(id, [...new Map(names).values()]);
  }
  return byId;
}
