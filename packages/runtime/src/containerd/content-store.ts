import { isNotFound, KeyedMutex, lateModule } from '@fairlead/base';
import type { Info } from '../gen/content.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { lateMethods } from '../grpc/method.ts';
import type { BlobSource, BlobWrite } from './blob-write.ts';
import type { Labels } from './descriptor.ts';
import { toDate } from './timestamp.ts';

const rpc = lateMethods(async () => (await import('../gen/content.ts')).ContentDefinition);

const blobWrites = lateModule(() => import('./blob-write.ts'));

/** A blob in the content store. `size` is in bytes. */
export type BlobInfo = {
  readonly digest: string;
  readonly size: number;
  readonly createdAt: Date;
  readonly labels: Labels;
};

/** Blobs by digest: manifests, configurations, compressed layers. */
export class ContentStore {
  readonly #channel: GrpcChannel;
  /** containerd refuses a second writer of the same ref with "unavailable": writers queue here instead. */
  readonly #writers = new KeyedMutex();

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  /** What is known of a blob. @throws FairleadError `not-found`. */
  async info(digest: string): Promise<BlobInfo> {
    const { info } = await this.#channel.unary((await rpc()).info, { digest });
    return toBlobInfo(info);
  }

  /** True when the blob is there, whole. */
  async has(digest: string): Promise<boolean> {
    try {
      await this.info(digest);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** Write a blob from a stream or from memory; see `writeBlob`. Writers of the same ref wait for each other. */
  write(write: BlobWrite, source: BlobSource): Promise<string> {
    return this.#writers.run(write.ref, async () => (await blobWrites()).writeBlob(this.#channel, write, source));
  }

  /** The bytes of a blob from `offset`, `size` of them or all, in pieces. @throws FairleadError `not-found`. */
  async *read(
    digest: string,
    range: { readonly offset?: number; readonly size?: number } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const request = { digest, offset: BigInt(range.offset ?? 0), size: BigInt(range.size ?? 0) };
    for await (const { data } of this.#channel.serverStream((await rpc()).read, request)) yield data;
  }

  /** A whole small blob, such as a manifest. */
  async readAll(digest: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** All blobs, or those that match one of containerd's filters, such as `labels."key"==value`. */
  async list(filters: readonly string[] = []): Promise<BlobInfo[]> {
    const blobs: BlobInfo[] = [];
    for await (const { info } of this.#channel.serverStream((await rpc()).list, { filters: [...filters] })) {
      blobs.push(...info.map(toBlobInfo));
    }
    return blobs;
  }

  /** Set the labels named in `labels`; an empty value removes a label. Others stay. */
  async updateLabels(digest: string, labels: Labels): Promise<BlobInfo> {
    const { info } = await this.#channel.unary((await rpc()).update, {
      info: { digest, labels: { ...labels } },
      updateMask: Object.keys(labels).map((name) => `labels.${name}`),
    });
    return toBlobInfo(info);
  }

  /** Remove a blob. Rarely needed: what nothing refers to is collected. @throws FairleadError `not-found`. */
  async delete(digest: string): Promise<void> {
    await this.#channel.unary((await rpc()).delete, { digest });
  }

  /** Forget a write that was begun, with the bytes it left. */
  async abort(ref: string): Promise<void> {
    await this.#writers.run(ref, async () => this.#channel.unary((await rpc()).abort, { ref }));
  }
}

function toBlobInfo(info: Info | undefined): BlobInfo {
  return {
    digest: info?.digest ?? '',
    size: Number(info?.size ?? 0n),
    createdAt: toDate(info?.createdAt),
    labels: info?.labels ?? {},
  };
}
