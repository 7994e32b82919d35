import type { Descriptor as DescriptorMessage, Mount as MountMessage } from '../gen/types.ts';

/** What a blob is, by content (OCI image spec, descriptor.md). `size` is in bytes. */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
};

/** The arguments of one mount(2), as a snapshotter hands them out. */
export type SnapshotMount = {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
};

/** Labels of a containerd object. */
export type Labels = Readonly<Record<string, string>>;

/** A descriptor as sent: sizes are 64 bits wide there. */
export function descriptorInit(descriptor: Descriptor): { mediaType: string; digest: string; size: bigint } {
  return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: BigInt(descriptor.size) };
}

/** A descriptor as received. */
export function toDescriptor(message: DescriptorMessage | undefined): Descriptor {
  return {
    mediaType: message?.mediaType ?? '',
    digest: message?.digest ?? '',
    size: Number(message?.size ?? 0n),
  };
}

/** Mounts as received, without the protobuf wrapping. */
export function toMounts(messages: readonly MountMessage[]): SnapshotMount[] {
  return messages.map(({ type, source, target, options }) => ({ type, source, target, options }));
}

/** Mounts as sent. */
export function mountsInit(mounts: readonly SnapshotMount[]): {
  type: string;
  source: string;
  target: string;
  options: string[];
}[] {
  return mounts.map((mount) => ({ ...mount, options: [...mount.options] }));
}
