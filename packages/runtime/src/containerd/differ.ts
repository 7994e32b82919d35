import type { GrpcChannel } from '../grpc/channel.ts';
import { lateMethods } from '../grpc/method.ts';
import {
  type Descriptor,
  descriptorInit,
  type Labels,
  mountsInit,
  type SnapshotMount,
  toDescriptor,
} from './descriptor.ts';
import { type Lease, underLease } from './leases.ts';

const rpc = lateMethods(async () => (await import('../gen/diff.ts')).DiffDefinition);

/** Between layer archives and file systems. */
export class Differ {
  readonly #channel: GrpcChannel;

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  /** Unpack the layer blob into the mounted snapshot. @returns the uncompressed archive: its digest is the diff id. */
  async apply(layer: Descriptor, mounts: readonly SnapshotMount[], lease?: Lease): Promise<Descriptor> {
    const request = { diff: descriptorInit(layer), mounts: mountsInit(mounts) };
    return toDescriptor((await this.#channel.unary((await rpc()).apply, request, underLease(lease))).applied);
  }

  /**
   * Write what `upper` has over `lower` as a layer blob, with whiteouts. The blob's label `containerd.io/uncompressed`
   * holds its diff id.
   */
  async diff(
    lower: readonly SnapshotMount[],
    upper: readonly SnapshotMount[],
    options: { readonly mediaType: string; readonly ref: string; readonly labels?: Labels; readonly lease?: Lease },
  ): Promise<Descriptor> {
    const { diff } = await this.#channel.unary(
      (await rpc()).diff,
      {
        left: mountsInit(lower),
        right: mountsInit(upper),
        mediaType: options.mediaType,
        ref: options.ref,
        labels: { ...options.labels },
      },
      underLease(options.lease),
    );
    return toDescriptor(diff);
  }
}
