import { createHash } from 'node:crypto';

/** `sha256:` and the hexadecimal digest of `content`. */
export function sha256Digest(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/**
 * The chain id of a layer: its diff id and everything below it, in one digest. It names the snapshot, so that images
 * share what they have in common (OCI image spec, config.md, "Layer ChainID").
 */
export function chainId(parent: string, diffId: string): string {
  return parent === '' ? diffId : sha256Digest(`${parent} ${diffId}`);
}

/** Chain ids of an image's layers, lowest first. */
export function chainIds(diffIds: readonly string[]): string[] {
  let parent = '';
  return diffIds.map((diffId) => {
    parent = chainId(parent, diffId);
    return parent;
  });
}
