import { Buffer } from 'node:buffer';
import { FairleadError } from '@fairlead/base';
import { decompressed } from '../compression.ts';
import { type ContentLabels, type ImageTarget, single, type UnpackRequest } from '../content-store.ts';
import { type Descriptor, type Digest, digestOf, verified } from '../digest.ts';
import type { Progress } from '../progress.ts';

/** A content store and unpacker in memory, as strict as the real ones: wrong digests, parents and diff IDs fail. */
export class MemoryTarget implements ImageTarget {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly labels = new Map<Digest, ContentLabels>();
  readonly snapshots = new Set<Digest>();
  /** Chain IDs in the order in which they were unpacked. */
  readonly unpacked: Digest[] = [];

  readonly content = {
    has: async (digest: Digest) => this.blobs.has(digest),
    read: async (digest: Digest) => this.#blob(digest),
    write: async (descriptor: Descriptor, content: AsyncIterable<Uint8Array>, labels: ContentLabels) => {
      this.#label(descriptor.digest, labels);
      if (!this.blobs.has(descriptor.digest)) {
        this.blobs.set(descriptor.digest, await collected(verified(content, descriptor)));
      }
    },
    ingest: async (content: AsyncIterable<Uint8Array>, labels: ContentLabels) => {
      const bytes = await collected(content);
      const digest = digestOf(bytes);
      this.blobs.set(digest, bytes);
      this.#label(digest, labels);
      return { digest, size: bytes.length };
    },
  };

  readonly unpacker = {
    has: async (chainId: Digest) => this.snapshots.has(chainId),
    unpack: async ({ descriptor, diffId, chainId, parent }: UnpackRequest) => {
      if (parent !== undefined && !this.snapshots.has(parent)) throw new FairleadError('not-found', 'no parent');
      const content = await collected(await decompressed(single(this.#blob(descriptor.digest))));
      if (digestOf(content) !== diffId) throw new FairleadError('internal', 'wrong diff ID');
      this.snapshots.add(chainId);
      this.unpacked.push(chainId);
    },
    labels: (chainId: Digest) => ({ snapshot: chainId }),
  };

  #blob(digest: Digest): Uint8Array {
    const blob = this.blobs.get(digest);
    if (blob === undefined) throw new FairleadError('not-found', `content ${digest}: not found`);
    return blob;
  }

  #label(digest: Digest, labels: ContentLabels): void {
    this.labels.set(digest, { ...this.labels.get(digest), ...labels });
  }
}

/** All of a stream. */
export async function collected(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Run an operation to its end: what it reported and what it returned. */
export async function completed<Result>(
  operation: AsyncGenerator<Progress, Result>,
): Promise<{ progress: Progress[]; result: Result }> {
  const progress: Progress[] = [];
  for (;;) {
    const next = await operation.next();
    if (next.done) return { progress, result: next.value };
    progress.push(next.value);
  }
}
