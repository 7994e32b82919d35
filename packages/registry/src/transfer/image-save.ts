import { type TarFile, tarEnd, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import type { Descriptor, Digest } from '../document/digest.ts';
import type { ImageConfig } from '../document/image-config.ts';
import { canonicalText, familiarName, familiarText, type ImageReference } from '../document/image-reference.ts';
import { mediaTypes } from '../document/manifest.ts';
import { layoutPath } from './image-archive.ts';

/** An image that is to be put into an archive. */
export interface ImageToSave {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly imageConfig: ImageConfig;
  /** Tags that it has in the archive. */
  readonly names: readonly ImageReference[];
}

/** Reads a blob of the store. */
export type BlobReader = (digest: Digest) => AsyncIterable<Uint8Array>;

/**
 * An archive as `docker save` has written it since 25: an OCI image layout, with `manifest.json` and `repositories` for
 * those who know only these. Blobs stand in it as they are in the store, each once, so an image that is loaded again has
 * the digests that it had.
 */
export async function* saveImages(images: readonly ImageToSave[], read: BlobReader): AsyncGenerator<Uint8Array> {
  for (const name of ['blobs/', 'blobs/sha256/']) yield tarHeader(directory(name));
  for (const blob of distinctBlobs(images)) yield* blobFile(blob, read);
  for (const [name, document] of Object.entries(archiveDocuments(images))) {
    const bytes = Buffer.from(JSON.stringify(document));
    yield tarHeader(file(name, bytes.length));
    yield bytes;
    yield tarPadding(bytes.length);
  }
  yield tarEnd;
}

/** Everything that the images are made of: what several share is there once. */
function distinctBlobs(images: readonly ImageToSave[]): Descriptor[] {
  const blobs = images.flatMap(({ layers, config, manifest }) => [...layers, config, manifest]);
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** The documents at the top of the archive, by their names. */
export function archiveDocuments(images: readonly ImageToSave[]): Readonly<Record<string, unknown>> {
  return {
    'index.json': {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: images.flatMap(indexEntries),
    },
    'manifest.json': images.map(({ config, layers, names }) => ({
      Config: layoutPath(config.digest),
      RepoTags: names.length > 0 ? names.map(familiarText) : null,
      Layers: layers.map(({ digest }) => layoutPath(digest)),
    })),
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    repositories: repositories(images),
  };
}

/** One for each name; containerd and Docker write both the whole name and the tag alone. */
function indexEntries({ manifest, names }: ImageToSave): Descriptor[] {
  const { mediaType, digest, size } = manifest;
  if (names.length === 0) return [{ mediaType, digest, size }];
  return names.map((name) => {
    const annotations = {
      'io.containerd.image.name': canonicalText(name),
      'org.opencontainers.image.ref.name': name.tag ?? '',
    };
    return { mediaType, digest, size, annotations };
  });
}

/** Name to tag to the top layer, as Docker had it before it had manifests. */
function repositories(images: readonly ImageToSave[]): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const { names, imageConfig } of images) {
    const top = imageConfig.rootfs.diff_ids.at(-1)?.split(':')[1];
    if (top === undefined) continue;
    for (const name of names) found[familiarName(name)] = { ...found[familiarName(name)], [name.tag ?? '']: top };
  }
  return found;
}

async function* blobFile({ digest, size }: Descriptor, read: BlobReader): AsyncGenerator<Uint8Array> {
  yield tarHeader(file(layoutPath(digest), size));
  yield* read(digest);
  yield tarPadding(size);
}

/** The same images give the same archive. */
const attributes = { uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };

function file(name: string, size: number): TarFile {
  return { name, type: 'file', size, attributes: { ...attributes, mode: 0o644 } };
}

function directory(name: string): TarFile {
  return { name, type: 'directory', attributes: { ...attributes, mode: 0o755 } };
}
