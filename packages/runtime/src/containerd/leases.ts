import { randomUUID } from 'node:crypto';
import { isConflict, isNotFound } from '@fairlead/base';
import { LeasesDefinition } from '../gen/leases.ts';
import type { CallOptions, GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';

const rpc = methodsOf(LeasesDefinition);

/** What ids of leases of ours begin with. */
const ownPrefix = 'fairlead-';

/**
 * Protection from garbage collection for everything written under it. Deleted on disposal; should the program die
 * first, containerd drops it at its expiry.
 */
export type Lease = AsyncDisposable & { readonly id: string };

/** Leases: what a pull, an unpack or a commit works under until the image record holds it all. */
export class Leases {
  readonly #channel: GrpcChannel;

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  /** A lease that ends by itself after `seconds`, an hour unless told otherwise. */
  async create(seconds = 3600): Promise<Lease> {
    const expire = new Date(Date.now() + seconds * 1000).toISOString();
    const id = `${ownPrefix}${randomUUID()}`;
    const request = { id, labels: { 'containerd.io/gc.expire': expire } };
    try {
      await this.#channel.unary(rpc.create, request, { repeatable: true });
    } catch (error) {
      // Nobody else has this id: it was made, and the answer was lost with the connection.
      if (!isConflict(error)) throw error;
    }
    return { id, [Symbol.asyncDispose]: () => this.delete(id) };
  }

  /** Drop a lease; one that is gone already is no error. `sync` waits for the garbage collection. */
  async delete(id: string, options: { readonly sync?: boolean } = {}): Promise<void> {
    try {
      await this.#channel.unary(rpc.delete, { id, sync: options.sync ?? false });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Ids of all leases that were made here, now or earlier; those of other programs in the same namespace are theirs. */
  async list(): Promise<string[]> {
    const { leases } = await this.#channel.unary(rpc.list, {});
    return leases.map(({ id }) => id).filter((id) => id.startsWith(ownPrefix));
  }
}

/** Makes a call work under `lease`, if there is one. */
export function underLease(lease: Lease | undefined): CallOptions {
  return lease ? { metadata: { 'containerd-lease': lease.id } } : {};
}
