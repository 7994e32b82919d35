import { decompressed } from '../archive/compression.ts';
import { applyConfigChanges } from '../document/config-change.ts';
import { type Descriptor, jsonBlob } from '../document/digest.ts';
import type { ImageConfig } from '../document/image-config.ts';
import { mediaTypes } from '../document/manifest.ts';
import { hostPlatform, type Platform } from '../document/platform.ts';
import type { ImageTarget } from './content-store.ts';
import { type Progress, progressStream } from './progress.ts';
import { type ImageParts, type StoredImage, storeImage } from './stored-image.ts';

/** A root file system to make an image of. */
export interface ImportRequest {
  /** A tar archive, plain or packed with gzip or zstd. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Dockerfile instructions: `CMD ["/bin/sh"]`. */
  readonly changes: readonly string[];
  readonly message?: string | undefined;
  readonly platform?: Platform | undefined;
  /** When the image was made. */
  readonly created: Date;
  readonly target: ImageTarget;
}

/**
 * Make an image of one layer out of a root file system.
 *
 * Yields progress lines, the image's ID as the last one, and returns the image.
 *
 * @throws FairleadError `invalid-argument` for a change that is none, before anything is read.
 */
export function importImage(request: ImportRequest): AsyncGenerator<Progress, StoredImage> {
  const { archive, changes, message, created, target, platform = hostPlatform() } = request;
  const config = applyConfigChanges({}, changes);
  return progressStream(async (report) => {
    // Kept uncompressed: then its digest is its diff ID, and what it is needs to be worked out only once.
    const blob = await target.content.ingest(await decompressed(archive), {});
    const layer: Descriptor = { mediaType: mediaTypes.ociLayer, digest: blob.digest, size: blob.size };
    const time = created.toISOString();
    const imageConfig: ImageConfig = {
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant && { variant: platform.variant }),
      created: time,
      config,
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created: time, comment: message || 'Imported from -' }],
    };
    const image = await storeImage(oneLayerImage(imageConfig, layer), target, () => {});
    report({ status: image.config.digest });
    return image;
  });
}

function oneLayerImage(imageConfig: ImageConfig, layer: Descriptor): ImageParts {
  const config = jsonBlob(mediaTypes.ociConfig, imageConfig);
  const mediaType = mediaTypes.ociManifest;
  const manifest = jsonBlob(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers: [layer] });
  return { manifest, config, layers: [layer] };
}
