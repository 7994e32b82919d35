import { isConflict } from '@fairlead/base';
import type { Image } from '../gen/images.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { lateMethods } from '../grpc/method.ts';
import { type Descriptor, descriptorInit, type Labels, toDescriptor } from './descriptor.ts';
import { toDate } from './timestamp.ts';

const rpc = lateMethods(async () => (await import('../gen/images.ts')).ImagesDefinition);

/** A name and the manifest or index that it stands for. It keeps everything below from being collected. */
export type ImageRecord = {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** Image names. */
export class ImageStore {
  readonly #channel: GrpcChannel;

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  /** Create the record, or point an existing name at `target`. */
  async put(name: string, target: Descriptor, labels: Labels = {}): Promise<ImageRecord> {
    const image = { name, target: descriptorInit(target), labels: { ...labels } };
    try {
      return toRecord((await this.#channel.unary((await rpc()).create, { image })).image);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const updateMask = ['target', 'labels'];
    return toRecord((await this.#channel.unary((await rpc()).update, { image, updateMask })).image);
  }

  /** One record. @throws FairleadError `not-found`. */
  async get(name: string): Promise<ImageRecord> {
    return toRecord((await this.#channel.unary((await rpc()).get, { name })).image);
  }

  /** All records, or those that match one of containerd's filters, such as `target.digest==sha256:…`. */
  async list(filters: readonly string[] = []): Promise<ImageRecord[]> {
    const { images } = await this.#channel.unary((await rpc()).list, { filters: [...filters] });
    return images.map(toRecord);
  }

  /**
   * Remove a name. With `sync` the call returns once what only this name held is collected.
   *
   * @throws FairleadError `not-found`.
   */
  async delete(name: string, options: { readonly sync?: boolean } = {}): Promise<void> {
    await this.#channel.unary((await rpc()).delete, { name, sync: options.sync ?? false });
  }
}

function toRecord(image: Image | undefined): ImageRecord {
  return {
    name: image?.name ?? '',
    target: toDescriptor(image?.target),
    labels: image?.labels ?? {},
    createdAt: toDate(image?.createdAt),
    updatedAt: toDate(image?.updatedAt),
  };
}
