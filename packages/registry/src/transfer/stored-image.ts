import { chainIds, type Descriptor, type Digest, shortDigest } from '../document/digest.ts';
import { type ImageConfig, parseImageConfig } from '../document/image-config.ts';
import { bytesContent, type ImageTarget, manifestLabels, unpackRequests } from './content-store.ts';
import type { Report } from './progress.ts';

/** An image that is in the store and unpacked. The caller gives it its name. */
export interface StoredImage {
  /** What a name should point to: a manifest, or the index that it was chosen from. */
  readonly descriptor: Descriptor;
  readonly manifest: Descriptor;
  /** Its digest is the image ID. */
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Top snapshot; `undefined` for an image without layers. */
  readonly chainId: Digest | undefined;
  readonly imageConfig: ImageConfig;
}

/** What an image is made of. The layers' content is in the store already. */
export interface ImageParts {
  readonly manifest: Document;
  readonly config: Document;
  readonly layers: readonly Descriptor[];
}

/** A manifest, index or config with its bytes. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Unpack an image whose layers are in the store, then write config and manifest: children before parents. */
export async function storeImage(parts: ImageParts, target: ImageTarget, report: Report): Promise<StoredImage> {
  const { manifest, config, layers } = parts;
  const { content, unpacker } = target;
  const imageConfig = parseImageConfig(config.bytes);
  const diffIds = imageConfig.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  for (const request of unpackRequests(layers, diffIds, chain)) {
    if (await unpacker.has(request.chainId)) continue;
    const line = { status: 'Loading layer', id: shortDigest(request.diffId), total: request.descriptor.size };
    report({ ...line, current: 0 });
    await unpacker.unpack(request);
    report({ ...line, current: line.total });
  }
  const chainId = chain.at(-1);
  const configLabels = chainId === undefined ? {} : unpacker.labels(chainId);
  await content.write(config.descriptor, bytesContent(config.bytes), configLabels);
  await content.write(manifest.descriptor, bytesContent(manifest.bytes), manifestLabels(config.descriptor, layers));
  const [descriptor, configDescriptor] = [manifest.descriptor, config.descriptor];
  return { descriptor, manifest: descriptor, config: configDescriptor, layers, chainId, imageConfig };
}
