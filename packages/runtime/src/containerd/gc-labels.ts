import type { Labels } from './descriptor.ts';

/**
 * containerd's garbage collector follows labels from a blob to what it needs
 * (containerd/docs/garbage-collection.md). These are the edges of an image.
 */
const contentEdge = 'containerd.io/gc.ref.content.';

/** Label of a layer blob that names its uncompressed digest, the diff id. */
export const uncompressedLabel = 'containerd.io/uncompressed';

/** Labels of a manifest blob: it needs its configuration and its layers. */
export function manifestLabels(manifest: {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}): Labels {
  return {
    [`${contentEdge}config`]: manifest.config.digest,
    ...Object.fromEntries(manifest.layers.map((layer, index) => [`${contentEdge}l.${index}`, layer.digest])),
  };
}

/** Labels of an index blob: it needs those of its manifests that are present. */
export function indexLabels(manifestDigests: readonly string[]): Labels {
  return Object.fromEntries(manifestDigests.map((digest, index) => [`${contentEdge}m.${index}`, digest]));
}

/** Labels of an image configuration blob: it needs the snapshot of the image's top layer. */
export function configLabels(snapshotter: string, topChainId: string): Labels {
  return topChainId === '' ? {} : { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: topChainId };
}
