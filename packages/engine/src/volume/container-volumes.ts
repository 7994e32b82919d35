import { codeOf, FairleadError, lateModule, messageOf, settleAll } from '@fairlead/base';
import type { ContainerConfig } from '../container/configuration/container-config.ts';
import { imageVolumes } from '../container/configuration/container-factory.ts';
import type { ContainerTable } from '../container/container-table.ts';
import type { RootfsMount } from '../container/file/rootfs-file.ts';
import { containerMounts, lettingGo, plannedMounts } from '../container/mount/mount-plan.ts';
import type { EngineContext } from '../context.ts';
import type { Container, Image } from '../model.ts';
import { dropViews, type PlacedView, viewFolder } from './image-view.ts';
import {
  anonymousVolumes,
  inheritedMounts,
  localVolumeNames,
  settleMounts,
  volumeNames,
  wantedVolumes,
  withDrivers,
} from './mount-settlement.ts';
import { MountedImages } from './mounted-images.ts';
import { volumeEvent } from './volume-event.ts';
import type { ContainerMount, Volume } from './volume-model.ts';
import type { VolumeRequest } from './volume-port.ts';
import { VolumeSources } from './volume-sources.ts';
import { isLocal } from './volume-table.ts';
import { VolumeUse } from './volume-use.ts';
import type { DescribedVolume, Volumes } from './volumes.ts';
import { parseVolumesFrom } from './volumes-from.ts';

const fillings = lateModule(() => import('./volume-filling.ts'));

/** What a container that is to be made will have mounted. */
export interface MountDecision {
  readonly mounts: readonly ContainerMount[];
  /** Volumes that it needs, each once. */
  readonly volumes: readonly DescribedVolume[];
}

/** Volumes in the life of containers: chosen and filled at creation, held while they run, removed with them. */
export class ContainerVolumes {
  readonly #context: EngineContext;
  readonly #containers: ContainerTable;
  readonly #volumes: Volumes;
  readonly #use: VolumeUse;
  readonly #images: MountedImages;

  constructor(context: EngineContext, containers: ContainerTable, volumes: Volumes) {
    this.#context = context;
    this.#containers = containers;
    this.#volumes = volumes;
    this.#use = new VolumeUse(volumes, context);
    this.#images = new MountedImages(context, viewFolder(context.settings));
  }

  /** See {@link Volumes.mountpoint}. */
  mountpoint(name: string): string {
    return this.#volumes.mountpoint(name);
  }

  /**
   * Choose what a container will have mounted. Nothing is made.
   *
   * @throws FairleadError `invalid-argument` in Docker's words; `not-found` for an image that is to be mounted.
   */
  async decide(config: ContainerConfig, image: Image): Promise<MountDecision> {
    const inherited = (config.host.volumesFrom ?? []).flatMap((text) => this.#inherited(text));
    const anonymous = [...config.volumes, ...imageVolumes(image)];
    const own = plannedMounts(config).map((mount) => lettingGo(mount, this.#context.settings.dataRoot));
    const mounts = settleMounts({ own, inherited, anonymous });
    const described = new Map<string, DescribedVolume>();
    for (const request of wantedVolumes(mounts, config.host.volumeDriver ?? '')) {
      // Two mounts may name the same new volume: the first one says what it is.
      if (!described.has(request.name)) described.set(request.name, await this.#describe(request));
    }
    const driverOf = (name: string) => described.get(name)?.volume.driver ?? 'local';
    const settled = await this.#images.settle(withDrivers(mounts, driverOf));
    return { mounts: settled, volumes: [...described.values()] };
  }

  /** Store volumes that have to be made; to be called in the transaction that stores their container. @returns them. */
  record(volumes: readonly DescribedVolume[]): Volume[] {
    return this.#volumes.record(volumes);
  }

  /**
   * Make volumes that were recorded, and keep the layers of images that a new container mounts.
   *
   * @param signal gives up a plugin that does not answer.
   */
  async make(container: Container, volumes: readonly Volume[], signal: AbortSignal): Promise<void> {
    await this.#volumes.make(volumes, signal);
    await this.#images.keep(container);
  }

  /** A mounted image at a path of the host. @throws FairleadError as {@link hold}. */
  async openImage(container: Container, mount: ContainerMount): Promise<PlacedView> {
    return await this.#images.open(container, mount);
  }

  /** See `VolumeFilling.fill`. */
  async fill(id: string, layers: readonly RootfsMount[], signal: AbortSignal): Promise<void> {
    const { VolumeFilling } = await fillings();
    const parts = { context: this.#context, containers: this.#containers, volumes: this.#volumes, use: this.#use };
    await new VolumeFilling(parts).fill(id, layers, signal);
  }

  /**
   * Hold and mount the volumes of a container that starts.
   *
   * @param signal gives up a plugin that does not answer.
   * @returns where the runtime finds them; good until disposed of.
   * @throws FairleadError in Docker's words; what was held by then is to be released.
   */
  async hold(container: Container, signal: AbortSignal): Promise<VolumeSources> {
    using stack = new DisposableStack();
    const { fileSystems } = this.#context;
    const mountpoint = (name: string) => this.mountpoint(name);
    const sources = stack.use(
      new VolumeSources({ mountpoint, folder: viewFolder(this.#context.settings), fileSystems }),
    );
    for (const mount of containerMounts(container)) {
      if (mount.volumeName !== undefined) await this.#hold(container, mount, mount.volumeName, signal);
      if (mount.mountedImage === undefined) await sources.add(mount);
      else sources.addView(mount, await this.openImage(container, mount));
    }
    stack.move();
    return sources;
  }

  /**
   * Hold and mount the volumes of a container whose process does not run, until it is disposed of.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError in Docker's words; nothing is held then.
   */
  async borrow(container: Container, signal: AbortSignal): Promise<AsyncDisposable> {
    await using held = new AsyncDisposableStack();
    const holder = `files of ${container.id}`;
    for (const volume of volumeNames(container).flatMap((name) => this.#volumes.table.get(name) ?? [])) {
      held.defer(() => this.#use.letGo(volume, holder));
      await this.#use.take(volume, holder, signal);
    }
    return held.move();
  }

  /** Let go of the volumes of a container that has ended, or did not start. */
  async release(container: Container): Promise<void> {
    const { id } = container;
    for (const name of localVolumeNames(container)) await this.#use.release(name, id);
    await this.#use.releaseRemote(id);
    for (const { volumeName, driver = 'local' } of containerMounts(container)) {
      if (volumeName === undefined) continue;
      this.#context.events.emit(volumeEvent({ id: volumeName, driver }, 'unmount', { container: id }));
    }
  }

  /**
   * Mark the anonymous volumes of a container that is no more as removed, except those that others have; to be called in
   * the transaction that deletes it.
   *
   * @returns them, for {@link remove}.
   */
  markRemoved(container: Container): Volume[] {
    const { table } = this.#volumes;
    const gone = anonymousVolumes(container).flatMap((name) => table.get(name) ?? []);
    const unused = gone.filter(({ id }) => table.usersOf(id).length === 0);
    for (const volume of unused) table.markRemoved(volume);
    return unused;
  }

  /** Remove what there is of volumes that were marked, and let go of the images that a container had mounted. */
  async remove(container: Container, volumes: readonly Volume[]): Promise<void> {
    await settleAll([() => this.#volumes.finishRemoval(volumes), () => this.#images.letGo(container)]);
  }

  /** Containers that went on while the daemon was away hold their volumes; to be called before anything ends. */
  adopt(living: Iterable<Container>): void {
    const holders = new Set<string>();
    for (const container of living) {
      holders.add(container.id);
      for (const name of localVolumeNames(container)) this.#use.adopt(name, container.id);
    }
    this.#use.keepHolders(holders);
  }

  /**
   * Bring volumes, directories and mounts together after a crash, once it is known which containers live. Plugins are
   * told of it as they answer: nothing waits for them.
   */
  async recover(): Promise<void> {
    const { table, directories } = this.#volumes;
    const { fileSystems, logger } = this.#context;
    dropViews(viewFolder(this.#context.settings), fileSystems);
    await this.#volumes.finishRemoval(table.removed().filter(isLocal));
    const names = new Set([...table].filter(isLocal).map(({ id }) => id));
    for (const name of await directories.recover(names)) {
      logger.warn('directory of no volume left alone: create a volume of that name to have it', { name });
    }
    await this.#use.settle(names);
  }

  #inherited(text: string): ContainerMount[] {
    const from = parseVolumesFrom(text);
    try {
      return inheritedMounts(containerMounts(this.#containers.find(from.container)), from);
    } catch (error) {
      throw asInvalid(error);
    }
  }

  async #describe(request: VolumeRequest): Promise<DescribedVolume> {
    try {
      return await this.#volumes.describe(request);
    } catch (error) {
      throw asInvalid(error);
    }
  }

  async #hold(
    { id }: Container,
    { target, readOnly }: ContainerMount,
    name: string,
    signal: AbortSignal,
  ): Promise<void> {
    const volume = this.#volumes.table.find(name);
    await this.#use.take(volume, id, signal);
    const attributes = { container: id, destination: target, 'read/write': String(!readOnly), propagation: '' };
    this.#context.events.emit(volumeEvent(volume, 'mount', attributes));
  }
}

/** Upon `not-found` clients would pull the image and try again. */
function asInvalid(error: unknown): unknown {
  if (codeOf(error) !== 'not-found') return error;
  return new FairleadError('invalid-argument', messageOf(error), { cause: error });
}
