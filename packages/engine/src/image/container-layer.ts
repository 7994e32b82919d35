import { randomUUID } from 'node:crypto';
import { type Descriptor, type Digest, mediaTypes, parseDigest, type RunSettings } from '@fairlead/registry';
import type { Containerd, Lease } from '@fairlead/runtime';
import { withMark } from '../container/file/container-mark.ts';
import type { Container } from '../model.ts';

/** Label by which containerd says what a packed layer is unpacked. */
const uncompressed = 'containerd.io/uncompressed';

/**
 * What a container has written, as a layer blob under the lease.
 *
 * @param markFolder see {@link withMark}; absent for what has no mark.
 */
export async function containerLayer(
  { snapshots, differ, content }: Pick<Containerd, 'snapshots' | 'differ' | 'content'>,
  containerId: string,
  lease: Lease,
  markFolder?: string,
): Promise<{ readonly layer: Descriptor; readonly diffId: Digest }> {
  const { parent } = await snapshots.stat(containerId);
  const lower = await snapshots.view(`commit-${randomUUID()}`, parent, { lease });
  const upper = await snapshots.mounts(containerId);
  const mediaType = `${mediaTypes.ociLayer}+gzip`;
  const below = markFolder === undefined ? lower : withMark(lower, upper, markFolder);
  const blob = await differ.diff(below, upper, { mediaType, ref: `fairlead-commit-${randomUUID()}`, lease });
  const { labels } = await content.info(blob.digest);
  const layer = { mediaType, digest: parseDigest(blob.digest), size: blob.size };
  return { layer, diffId: parseDigest(labels[uncompressed] ?? '') };
}

/** How a container is run, as an image says it. */
export function runSettings({ config, env, user, workingDir }: Container): RunSettings {
  const { entrypoint, command, labels, exposedPorts, volumes, stopSignal } = config;
  return { user, workingDir, env, entrypoint, command, labels, exposedPorts, volumes, stopSignal };
}
