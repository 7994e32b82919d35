import { createHash, randomUUID } from 'node:crypto';
import { isConflict, isNotFound } from '@fairlead/base';
import {
  type BlobContent,
  type ContentLabels,
  type ContentStore,
  type Descriptor,
  type Digest,
  type ImageTarget,
  parseDigest,
  type Unpacker,
  type UnpackRequest,
  verificationError,
} from '@fairlead/registry';
import { type Containerd, configLabels, type Lease } from '@fairlead/runtime';

/** The parts of a containerd that an image is made of. */
export type ImageParts = Pick<Containerd, 'content' | 'layers' | 'snapshots'>;

/**
 * containerd as the place where an image is put.
 *
 * Everything written *or found* comes under the lease: another image's removal cannot take away a layer that a pull has
 * just decided not to fetch.
 */
export function leasedTarget(containerd: ImageParts, lease: Lease): ImageTarget {
  return { content: new LeasedContent(containerd, lease), unpacker: new LeasedUnpacker(containerd, lease) };
}

class LeasedContent implements ContentStore {
  readonly #content: ImageParts['content'];
  readonly #lease: Lease;

  constructor({ content }: ImageParts, lease: Lease) {
    this.#content = content;
    this.#lease = lease;
  }

  async has(digest: Digest): Promise<boolean> {
    try {
      const { size } = await this.#content.info(digest);
      await this.#hold(digest, size);
      return true;
    } catch (error) {
      // `conflict`: it was collected since, and so the empty write had to be something it was not.
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }

  read(digest: Digest): Promise<Uint8Array> {
    return this.#content.readAll(digest);
  }

  async write({ digest, size }: Descriptor, content: BlobContent, labels: ContentLabels): Promise<void> {
    const write = { ref: `fairlead-${digest}`, digest, size, labels, lease: this.#lease };
    try {
      await this.#content.write(write, content);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // What has arrived would be there for the next try, and wrong again.
      await this.#content.abort(write.ref);
      throw verificationError(digest);
    }
    // A blob that was there already keeps the labels it had.
    if (Object.keys(labels).length > 0) await this.#content.updateLabels(digest, labels);
  }

  async ingest(content: AsyncIterable<Uint8Array>, labels: ContentLabels): Promise<{ digest: Digest; size: number }> {
    const hash = createHash('sha256');
    let size = 0;
    async function* measured(): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    }
    const ref = `fairlead-ingest-${randomUUID()}`;
    try {
      return { digest: parseDigest(await this.#content.write({ ref, labels, lease: this.#lease }, measured)), size };
    } catch (error) {
      if (!isConflict(error)) throw error;
      const digest = parseDigest(`sha256:${hash.digest('hex')}`);
      if (!(await this.has(digest))) throw error;
      return { digest, size };
    }
  }

  /** containerd puts a blob under the lease when somebody sets out to write it again, and says that it is there. */
  async #hold(digest: Digest, size: number): Promise<void> {
    const ref = `fairlead-hold-${randomUUID()}`;
    await this.#content.write({ ref, digest, size, lease: this.#lease }, new Uint8Array());
  }
}

class LeasedUnpacker implements Unpacker {
  readonly #containerd: ImageParts;
  readonly #lease: Lease;
  readonly #held = new Set<string>();

  constructor(containerd: ImageParts, lease: Lease) {
    this.#containerd = containerd;
    this.#lease = lease;
  }

  /** Makes a view, for a snapshot cannot go while it has a child; the view goes with the lease. */
  async has(chainId: Digest): Promise<boolean> {
    if (this.#held.has(chainId)) return true;
    try {
      await this.#containerd.snapshots.view(`hold-${randomUUID()}`, chainId, { lease: this.#lease });
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    this.#held.add(chainId);
    return true;
  }

  async unpack({ descriptor, diffId, parent, chainId }: UnpackRequest): Promise<void> {
    await this.#containerd.layers.unpack({ blob: descriptor, diffId, parent: parent ?? '' }, this.#lease);
    // Another pull may have unpacked it, under its own lease.
    await this.has(chainId);
  }

  labels(chainId: Digest): ContentLabels {
    return configLabels(this.#containerd.snapshots.snapshotter, chainId);
  }
}
