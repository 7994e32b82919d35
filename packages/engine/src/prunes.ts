import { FairleadError } from '@fairlead/base';
import type { BuildCacheChoice } from '@fairlead/buildkit';
import type { Network } from '@fairlead/network';

import type { BuildKitService } from './build/build-kit-port.ts';
import type { ContainerService, ContainerView } from './container/container-port.ts';
import { isUp } from './container/container-state.ts';
import type { EventLog } from './event-log.ts';
import type { ImageRemoval, ImageService } from './image/image-port.ts';
import type { Image } from './model.ts';
import type { NetworkService } from './network-port.ts';
import type { PruneService } from './prune-port.ts';
import { imagesOf } from './volume/mount-settlement.ts';
import type { VolumeService, VolumeView } from './volume/volume-port.ts';

type Kind = 'container' | 'image' | 'network' | 'volume' | 'builder';

/** What can be pruned, and who is told. */
export interface PruneParts {
  readonly containers: Pick<ContainerService, 'listWithImages' | 'size' | 'remove'>;
  readonly images: Pick<ImageService, 'list' | 'remove'>;
  readonly networks: Pick<NetworkService, 'list' | 'inspect' | 'remove'>;
  readonly volumes: Pick<VolumeService, 'local' | 'size' | 'remove'>;
  readonly buildKit: () => Promise<Pick<BuildKitService, 'pruneCache'>>;
  readonly events: Pick<EventLog, 'emit'>;
}

/** Removes what nobody uses. */
export class Prunes implements PruneService {
  readonly #parts: PruneParts;
  readonly #running = new Set<Kind>();

  constructor(parts: PruneParts) {
    this.#parts = parts;
  }

  async containers(isWanted: (view: ContainerView) => boolean) {
    const { containers } = this.#parts;
    return await this.#once('container', async () => {
      const deleted: string[] = [];
      let reclaimed = 0;
      const ended = (await containers.listWithImages()).filter(({ container }) => !isUp(container));
      for (const { container } of ended.filter(isWanted)) {
        await ignoreRefusal(async () => {
          const { readWrite } = await containers.size(container.id);
          await containers.remove(container.id);
          deleted.push(container.id);
          reclaimed += readWrite;
        });
      }
      return { deleted, reclaimed };
    });
  }

  async images(isWanted: (image: Image) => boolean) {
    const { images, containers } = this.#parts;
    return await this.#once('image', async () => {
      const used = new Set((await containers.listWithImages()).flatMap(({ container }) => imagesOf(container)));
      const removals: ImageRemoval[] = [];
      for (const { id } of (await images.list()).filter((image) => !used.has(image.id) && isWanted(image))) {
        await ignoreRefusal(async () => {
          removals.push(...(await images.remove(id, { force: true, prune: true })));
        });
      }
      const sizes = removals.map((removal) => ('deleted' in removal ? (removal.size ?? 0) : 0));
      return { removals, reclaimed: sizes.reduce((sum, size) => sum + size, 0) };
    });
  }

  async networks(isWanted: (network: Network) => boolean) {
    const { networks } = this.#parts;
    // What is only a configuration for others never has anybody on it, and stays; so does the way to a swarm's services.
    const isUnused = ({ id, template, ingress }: Network) =>
      template === undefined && ingress !== true && networks.inspect(id).endpoints.length === 0;
    return await this.#once('network', async () => {
      const deleted: string[] = [];
      for (const { id, name } of networks.list().filter((network) => isUnused(network) && isWanted(network))) {
        await ignoreRefusal(async () => {
          await networks.remove(id);
          deleted.push(name);
        });
      }
      return { deleted, reclaimed: 0 };
    });
  }

  async volumes(isWanted: (view: VolumeView) => boolean) {
    const { volumes } = this.#parts;
    return await this.#once('volume', async () => {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const { volume } of volumes.local().filter((view) => view.users.length === 0 && isWanted(view))) {
        await ignoreRefusal(async () => {
          const size = await volumes.size(volume.id);
          await volumes.remove(volume.id);
          deleted.push(volume.id);
          reclaimed += size;
        });
      }
      return { deleted, reclaimed };
    });
  }

  async buildCache(choice: BuildCacheChoice) {
    return await this.#once('builder', async () => {
      const gone = await (await this.#parts.buildKit()).pruneCache(choice);
      return { deleted: gone.map(({ id }) => id), reclaimed: gone.reduce((sum, { size }) => sum + size, 0) };
    });
  }

  /** @throws FairleadError `conflict` in Docker's words. */
  async #once<T extends { readonly reclaimed: number }>(kind: Kind, work: () => Promise<T>): Promise<T> {
    if (this.#running.has(kind)) throw new FairleadError('conflict', 'a prune operation is already running');
    this.#running.add(kind);
    try {
      const done = await work();
      const attributes = { reclaimed: String(done.reclaimed) };
      this.#parts.events.emit({ type: kind, action: 'prune', id: '', attributes });
      return done;
    } finally {
      this.#running.delete(kind);
    }
  }
}

/** Somebody uses it again, or has removed it. What is no refusal is a fault. */
async function ignoreRefusal(removal: () => Promise<void>): Promise<void> {
  try {
    await removal();
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
  }
}
