import { FairleadError, isNotFound } from '@fairlead/base';
import {
  chooseManifest,
  type Descriptor,
  type Digest,
  hostPlatform,
  type ImageIndex,
  type ImageReference,
  type ImageTarget,
  parseDigest,
  parseImageReference,
  parseManifest,
  type StoredImage,
} from '@fairlead/registry';
import { storeImage } from '@fairlead/registry/transfer';
import type { ContentStore } from '@fairlead/runtime';

/** An image that BuildKit has put into containerd, under records of its own. */
export interface BuiltImage {
  /** Its manifest, or an index of several. */
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  /** Canonical names. */
  readonly names: readonly string[];
  /** A registry has it by these names, with this digest. */
  readonly wasPushed: boolean;
  /** The record of one without names. */
  readonly record?: string;
}

/** Such an image in the engine's store, and what it is to be called. */
export interface StoredBuild {
  readonly image: StoredImage;
  readonly references: readonly ImageReference[];
  /** By which a registry has it. */
  readonly digests: readonly ImageReference[];
}

/**
 * Make such an image what every image of the engine is: unpacked, and held by what names it. Of several it is the one for
 * this machine, as when one is pulled, and the first where it was made for other machines.
 */
export async function storeBuiltImage(
  content: Pick<ContentStore, 'readAll'>,
  built: BuiltImage,
  target: ImageTarget,
): Promise<StoredBuild> {
  const outer = { ...built.descriptor, digest: parseDigest(built.descriptor.digest) };
  const name = built.names[0] ?? outer.digest;
  const read = async (descriptor: Descriptor) => {
    const bytes = await content.readAll(descriptor.digest);
    return { descriptor, bytes, document: parseManifest(bytes, descriptor.mediaType, name) };
  };
  const found = await read(outer);
  const manifest = found.document.kind === 'index' ? await read(chooseBuilt(found.document)) : found;
  if (manifest.document.kind === 'index') throw new FairleadError('invalid-argument', `${name}: no image but an index`);
  const { config, layers } = manifest.document;
  const parts = { manifest, config: { descriptor: config, bytes: await content.readAll(config.digest) }, layers };
  const image = await storeImage(parts, target, () => {});
  const references = built.names.map(parseImageReference);
  const digests = built.wasPushed ? references.map((name) => inRegistry(name, outer.digest)) : [];
  return { image: { ...image, descriptor: outer }, references, digests };
}

function inRegistry({ domain, path }: ImageReference, digest: Digest): ImageReference {
  return { domain, path, digest };
}

/** What says how an image was made stands beside it, for a platform that there is not. */
function chooseBuilt(index: ImageIndex): Descriptor {
  const manifests = index.manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const [first] = manifests;
  try {
    return plain(chooseManifest({ ...index, manifests }, hostPlatform()));
  } catch (error) {
    if (first === undefined || !isNotFound(error)) throw error;
    return plain(first);
  }
}

/** A record of it says nothing of platforms. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
