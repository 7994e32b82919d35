import { isNotFound } from '@fairlead/base';
import { type Info, Kind, SnapshotsDefinition } from '../gen/snapshots.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';
import { type Labels, type SnapshotMount, toMounts } from './descriptor.ts';
import { type Lease, underLease } from './leases.ts';
import { toDate } from './timestamp.ts';

const rpc = methodsOf(SnapshotsDefinition);

/** A snapshot: a committed layer, a container's writable layer ("active"), or a read-only view. */
export type SnapshotInfo = {
  readonly key: string;
  readonly parent: string;
  readonly kind: 'view' | 'active' | 'committed' | 'unknown';
  readonly labels: Labels;
  readonly createdAt: Date;
};

/** Makes an object a root of containerd's garbage collection: it stays until it is removed by name. */
const gcRootLabel = 'containerd.io/gc.root';

/** How a snapshot is made. */
export type SnapshotOptions = {
  readonly labels?: Labels;
  readonly lease?: Lease | undefined;
};

/** Layered file systems of one snapshotter. */
export class SnapshotStore {
  readonly #channel: GrpcChannel;
  /** Name of the snapshotter, such as `overlayfs`. */
  readonly snapshotter: string;

  constructor(channel: GrpcChannel, snapshotter: string) {
    this.#channel = channel;
    this.snapshotter = snapshotter;
  }

  /**
   * The writable layer of a container over the layer `parent` ('' for none). It is a root of garbage collection from
   * its first moment, for a collection can run before anything refers to it; it must be removed by name.
   *
   * @throws FairleadError `conflict` when the key exists, `not-found` when the parent does not.
   */
  prepareRoot(key: string, parent: string, labels: Labels = {}): Promise<SnapshotMount[]> {
    return this.prepare(key, parent, { labels: { ...labels, [gcRootLabel]: new Date().toISOString() } });
  }

  /** A read-only view of the layer `parent` ('' for none); like what {@link prepareRoot} makes it must be removed by name. */
  viewRoot(key: string, parent: string): Promise<SnapshotMount[]> {
    return this.view(key, parent, { labels: { [gcRootLabel]: new Date().toISOString() } });
  }

  /** A writable layer over `parent`, collected unless a lease or a record refers to it. */
  async prepare(key: string, parent: string, options: SnapshotOptions = {}): Promise<SnapshotMount[]> {
    const request = { ...this.#at(key), parent, labels: { ...options.labels } };
    const { mounts } = await this.#channel.unary(rpc.prepare, request, underLease(options.lease));
    return toMounts(mounts);
  }

  /** A read-only view of `parent`. */
  async view(key: string, parent: string, options: SnapshotOptions = {}): Promise<SnapshotMount[]> {
    const request = { ...this.#at(key), parent, labels: { ...options.labels } };
    const { mounts } = await this.#channel.unary(rpc.view, request, underLease(options.lease));
    return toMounts(mounts);
  }

  /** Turn the active snapshot `key` into the layer `name`. @throws FairleadError `conflict` when `name` exists. */
  async commit(key: string, name: string, options: SnapshotOptions = {}): Promise<void> {
    const request = { ...this.#at(key), name, labels: { ...options.labels } };
    await this.#channel.unary(rpc.commit, request, underLease(options.lease));
  }

  /** The mounts of an active snapshot or view. */
  async mounts(key: string): Promise<SnapshotMount[]> {
    return toMounts((await this.#channel.unary(rpc.mounts, this.#at(key))).mounts);
  }

  /** Remove a snapshot. @throws FairleadError `not-found`; `conflict` while it has children. */
  async remove(key: string): Promise<void> {
    await this.#channel.unary(rpc.remove, this.#at(key));
  }

  /** What is known of a snapshot. @throws FairleadError `not-found`. */
  async stat(key: string): Promise<SnapshotInfo> {
    return toInfo((await this.#channel.unary(rpc.stat, this.#at(key))).info);
  }

  /** True when the snapshot exists. */
  async has(key: string): Promise<boolean> {
    try {
      await this.stat(key);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** All snapshots of this snapshotter, or those that match one of containerd's filters. */
  async list(filters: readonly string[] = []): Promise<SnapshotInfo[]> {
    const request = { snapshotter: this.snapshotter, filters: [...filters] };
    const found: SnapshotInfo[] = [];
    for await (const { info } of this.#channel.serverStream(rpc.list, request)) {
      found.push(...info.map(toInfo));
    }
    return found;
  }

  /** Disk use of this layer alone: bytes and inodes. */
  async usage(key: string): Promise<{ size: number; inodes: number }> {
    const { size, inodes } = await this.#channel.unary(rpc.usage, this.#at(key));
    return { size: Number(size), inodes: Number(inodes) };
  }

  #at(key: string): { snapshotter: string; key: string } {
    return { snapshotter: this.snapshotter, key };
  }
}

const kinds: Record<number, SnapshotInfo['kind']> = {
  [Kind.VIEW]: 'view',
  [Kind.ACTIVE]: 'active',
  [Kind.COMMITTED]: 'committed',
};

function toInfo(info: Info | undefined): SnapshotInfo {
  return {
    key: info?.name ?? '',
    parent: info?.parent ?? '',
    kind: kinds[info?.kind ?? 0] ?? 'unknown',
    labels: info?.labels ?? {},
    createdAt: toDate(info?.createdAt),
  };
}
