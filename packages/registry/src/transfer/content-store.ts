import { FairleadError } from '@fairlead/base';
import type { Descriptor, Digest } from '../document/digest.ts';

/** Names and values that are kept with a blob; garbage collection goes by some of them. */
export type ContentLabels = Readonly<Record<string, string>>;

/**
 * A blob's bytes from `offset` on. A store that has the beginning from an earlier try asks for the rest only; it has to
 * check size and digest of the whole itself.
 */
export type BlobContent = (offset: number) => AsyncIterable<Uint8Array>;

/** Where blobs are kept. What nothing refers to may be collected once the caller's lease ends. */
export interface ContentStore {
  /** True when the blob is there, whole. */
  has(digest: Digest): Promise<boolean>;
  /** A whole small blob: a manifest or a config. Fails with `not-found`. */
  read(digest: Digest): Promise<Uint8Array>;
  /**
   * Keep a blob. One that is there already is no error; its labels are then added. Content that is not what the descriptor
   * says fails with `verificationError`, and the next try begins anew.
   */
  write(descriptor: Descriptor, content: BlobContent, labels: ContentLabels): Promise<void>;
  /** Keep a blob whose digest is not known before its end. */
  ingest(content: AsyncIterable<Uint8Array>, labels: ContentLabels): Promise<Pick<Descriptor, 'digest' | 'size'>>;
}

/** Makes file systems out of layers: one snapshot per chain ID, each on top of the one below. */
export interface Unpacker {
  /** True when the snapshot is there. */
  has(chainId: Digest): Promise<boolean>;
  /** Unpack a layer that is in the content store and check that it has this diff ID. One that is there is no error. */
  unpack(layer: UnpackRequest): Promise<void>;
  /** Labels for a config blob that keep the snapshot from being collected. */
  labels(chainId: Digest): ContentLabels;
}

/** One layer to unpack. */
export interface UnpackRequest {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Snapshot to make. */
  readonly chainId: Digest;
  /** Snapshot below; `undefined` for the lowest layer. */
  readonly parent: Digest | undefined;
}

/** Where an image is put. */
export interface ImageTarget {
  readonly content: ContentStore;
  readonly unpacker: Unpacker;
}

/** Labels by which containerd's garbage collector follows a manifest to its config and layers. */
export function manifestLabels(config: Descriptor, layers: readonly Descriptor[]): ContentLabels {
  const labels: Record<string, string> = { 'containerd.io/gc.ref.content.config': config.digest };
  layers.forEach((layer, index) => {
    labels[`containerd.io/gc.ref.content.l.${index}`] = layer.digest;
  });
  return labels;
}

/** The same for an index. Manifests of other platforms are not there, and the collector does not mind. */
export function indexLabels(manifests: readonly Descriptor[]): ContentLabels {
  return Object.fromEntries(manifests.map(({ digest }, index) => [`containerd.io/gc.ref.content.m.${index}`, digest]));
}

/** Label that tells what a compressed layer is uncompressed, so that it need not be unpacked to know. */
export function layerLabels(diffId: Digest): ContentLabels {
  return { 'containerd.io/uncompressed': diffId };
}

/** Bytes at hand as a blob's content. */
export function bytesContent(bytes: Uint8Array): BlobContent {
  return async function* (offset) {
    yield bytes.subarray(offset);
  };
}

/** A stream that can be read once as a blob's content: what the store has is read and dropped. */
export function streamContent(content: AsyncIterable<Uint8Array>): BlobContent {
  return async function* (offset) {
    let skip = offset;
    for await (const chunk of content) {
      if (skip < chunk.length) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
  };
}

/**
 * Pair layers with their diff IDs and chain IDs.
 *
 * @throws FairleadError `invalid-argument` when config and manifest do not agree on how many there are.
 */
export function unpackRequests(
  layers: readonly Descriptor[],
  diffIds: readonly Digest[],
  chain: readonly Digest[],
): UnpackRequest[] {
  if (layers.length !== diffIds.length) {
    throw new FairleadError('invalid-argument', 'mismatched image rootfs and manifest layers');
  }
  return layers.flatMap((descriptor, index) => {
    const [diffId, chainId] = [diffIds[index], chain[index]];
    return diffId && chainId ? [{ descriptor, diffId, chainId, parent: chain[index - 1] }] : [];
  });
}
