import type { BuildCacheChoice } from '@fairlead/buildkit';
import type { Network } from '@fairlead/network';
import type { ContainerView } from './container/container-port.ts';
import type { ImageRemoval } from './image/image-port.ts';
import type { Image } from './model.ts';
import type { VolumeView } from './volume/volume-port.ts';

/**
 * Removes what nobody uses, one prune of a kind at a time. What will not go, because somebody uses it again or has
 * removed it meanwhile, is passed over. Every prune is an event, with the bytes that came free.
 *
 * @throws FairleadError `conflict`, from each method, while the same is going on already.
 */
export interface PruneService {
  /** Containers that do not run. @param isWanted which of those are to go. @returns their ids. */
  containers(
    isWanted: (view: ContainerView) => boolean,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
  /** Images that no container was made from. @param isWanted which of those are to go. */
  images(
    isWanted: (image: Image) => boolean,
  ): Promise<{ readonly removals: readonly ImageRemoval[]; readonly reclaimed: number }>;
  /** Networks without endpoints; predefined ones stay. @param isWanted which of those are to go. @returns their names. */
  networks(isWanted: (network: Network) => boolean): Promise<{ readonly deleted: readonly string[] }>;
  /** What BuildKit keeps of builds. @returns ids of what has gone. */
  buildCache(choice: BuildCacheChoice): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
  /** Volumes that no container has. @param isWanted which of those are to go. @returns their names. */
  volumes(
    isWanted: (view: VolumeView) => boolean,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
}
