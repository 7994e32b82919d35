import { randomUUID } from 'node:crypto';
import { codeOf, FairleadError, isConflict, KeyedMutex, messageOf } from '@fairlead/base';
import { chainId } from './chain-id.ts';
import type { Descriptor } from './descriptor.ts';
import type { Differ } from './differ.ts';
import type { Lease } from './leases.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** A layer blob in the content store, to be unpacked over the layers below it. */
export type Layer = {
  readonly blob: Descriptor;
  /** Digest of the uncompressed archive, from the image configuration. */
  readonly diffId: string;
  /** Chain id of the layer below; '' for the lowest. */
  readonly parent: string;
};

type Snapshots = Pick<SnapshotStore, 'has' | 'prepare' | 'commit' | 'remove'>;

/** Turns layer blobs into snapshots. */
export class LayerStore {
  readonly #snapshots: Snapshots;
  readonly #differ: Pick<Differ, 'apply'>;
  /** Two pulls that share a layer unpack it once. */
  readonly #unpacking = new KeyedMutex();

  constructor(snapshots: Snapshots, differ: Pick<Differ, 'apply'>) {
    this.#snapshots = snapshots;
    this.#differ = differ;
  }

  /**
   * Make sure that the layer is unpacked.
   *
   * @returns its chain id, which is the name of the snapshot and the parent of the next layer.
   * @throws FairleadError `invalid-argument` when the content is not what the image configuration says.
   */
  async unpack(layer: Layer, lease: Lease): Promise<string> {
    const name = chainId(layer.parent, layer.diffId);
    await this.#unpacking.run(name, async () => {
      if (!(await this.#snapshots.has(name))) await this.#extract(name, layer, lease);
    });
    return name;
  }

  async #extract(name: string, layer: Layer, lease: Lease): Promise<void> {
    const key = `extract-${randomUUID()} ${name}`;
    const mounts = await this.#snapshots.prepare(key, layer.parent, { lease });
    try {
      const applied = await this.#differ.apply(layer.blob, mounts, lease);
      if (applied.digest !== layer.diffId) {
        const wanted = `wrong diff id calculated on extraction "${applied.digest}", wanted "${layer.diffId}"`;
        throw new FairleadError('invalid-argument', `layer ${layer.blob.digest}: ${wanted}`);
      }
      await this.#snapshots.commit(key, name, { lease });
    } catch (error) {
      await this.#snapshots.remove(key).catch(() => {});
      // Another client of the same containerd was faster: the same layer all the same.
      if (!(isConflict(error) && (await this.#snapshots.has(name)))) throw withoutPlace(error);
    }
  }
}

/** containerd names the folder in which it has unpacked: that says nothing to anybody. */
function withoutPlace(error: unknown): unknown {
  const reason = /^mount callback failed on \S+: (.*)$/s.exec(messageOf(error))?.[1];
  if (reason === undefined) return error;
  return new FairleadError(codeOf(error), `Error processing tar file: ${reason}`, { cause: error });
}
