import { FairleadError } from '@fairlead/base';
import { type Descriptor, type ImageConfig, type ImageManifest, parseDigest, parseManifest } from '@fairlead/registry';
import type { Containerd } from '@fairlead/runtime';
import type { ImageReader } from './image-details.ts';
import type { ImageTable } from './image-table.ts';

/** An image's documents, as they are stored. */
export interface ImageContent {
  readonly id: string;
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly bytes: Uint8Array;
  readonly config: ImageConfig;
}

/**
 * The documents of the image with this ID.
 *
 * @throws FairleadError `not-found` when the image, or its content, is gone.
 */
export async function imageContent(
  id: string,
  table: ImageTable,
  { content }: Pick<Containerd, 'content'>,
  reader: ImageReader,
): Promise<ImageContent> {
  const target = table.image(id)?.target;
  if (target === undefined) throw new FairleadError('not-found', `No such image: ${id}`);
  const { imageConfig } = await reader.read(id);
  const bytes = await content.readAll(target.digest);
  const manifest = parseManifest(bytes, target.mediaType, id);
  if (manifest.kind === 'index') throw new FairleadError('internal', `image ${id} has no manifest of its own`);
  const descriptor = { mediaType: manifest.mediaType, digest: parseDigest(target.digest), size: target.size };
  return { id, descriptor, manifest, bytes, config: imageConfig };
}
