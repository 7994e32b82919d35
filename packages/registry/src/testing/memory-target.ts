import { Buffer } from 'node:buffer';
import { FairleadError } from '@fairlead/base';
import { decompressed } from '../archive/compression.ts';
import { type Descriptor, type Digest, digestOf, verified } from '../document/digest.ts';
import type { BlobContent, ContentLabels, ImageTarget, UnpackRequest } from '../transfer/content-store.ts';
import type { Progress } from '../transfer/progress.ts';

/** A content store and unpacker in memory, as strict as the real ones: wrong digests, parents and diff IDs fail. */
export class MemoryTarget implements ImageTarget {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly labels = new Map<Digest, ContentLabels>();
  readonly snapshots = new Set<Digest>();
  /** Beginnings of blobs that an earlier try left. */
  readonly partial = new Map<Digest, Uint8Array>();
  /** Chain IDs in the order in which they were unpacked. */
  readonly unpacked: Digest[] = [];

  readonly content = {
    has: async (digest: Digest) => this.blobs.has(digest),
    read: async (digest: Digest) => this.#blob(digest),
    write: async (descriptor: Descriptor, content: BlobContent, labels: ContentLabels) => {
      this.#label(descriptor.digest, labels);
      if (!this.blobs.has(descriptor.digest)) {
        const begun = this.partial.get(descriptor.digest) ?? new Uint8Array();
        const rest = await collected(content(begun.length));
        const bytes = await collected(verified(single(Buffer.concat([begun, rest])), descriptor));
        this.blobs.set(descriptor.digest, bytes);
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

/** Bytes as a stream of one chunk. */
export async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
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
