import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, FairleadError, lateModule, messageOf, settleAll, withPrefix } from '@fairlead/base';
import type { ContainerConfig } from '../container/configuration/container-config.ts';
import { imageVolumes } from '../container/configuration/container-factory.ts';
import type { ContainerTable } from '../container/container-table.ts';
import type { RootfsMount } from '../container/file/rootfs-file.ts';
import { identitiesOf } from '../container/isolation/user-namespace.ts';
import { containerMounts, lettingGo, plannedMounts } from '../container/mount/mount-plan.ts';
import type { EngineContext } from '../context.ts';
import { below, errnoName, O_PATH } from '../files/file-calls.ts';
import { isMissingPath } from '../files/path-stat.ts';
import type { Container, Image } from '../model.ts';
import { fileSystemOf } from './driver-options.ts';
import { dropViews, type PlacedView, viewImage } from './image-view.ts';
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
import { fillInPlace } from './volume-directories.ts';
import { volumeEvent } from './volume-event.ts';
import type { ContainerMount, Volume } from './volume-model.ts';
import { VolumeMounts } from './volume-mounts.ts';
import type { VolumeRequest } from './volume-port.ts';
import { VolumeSources } from './volume-sources.ts';
import { isLocal } from './volume-table.ts';
import type { DescribedVolume, Volumes } from './volumes.ts';
import { parseVolumesFrom } from './volumes-from.ts';

const mappedLayers = lateModule(() => import('../files/mapped-layers.ts'));
const treeCopy = lateModule(() => import('./tree-copy.ts'));

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
  readonly #mounts: VolumeMounts;
  readonly #images: MountedImages;
  /** While the engine starts plugins are not told: nobody should have to wait for them. */
  #tellsPlugins = false;

  constructor(context: EngineContext, containers: ContainerTable, volumes: Volumes) {
    this.#context = context;
    this.#containers = containers;
    this.#volumes = volumes;
    this.#mounts = new VolumeMounts(context.fileSystems, (name) => this.mountpoint(name));
    this.#images = new MountedImages(context, this.#views());
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

  /**
   * Copy the image's content into the empty ones among the volumes of a new container.
   *
   * @param layers file system of the container.
   * @param signal gives up a plugin that does not answer.
   */
  async fill(id: string, layers: readonly RootfsMount[], signal: AbortSignal): Promise<void> {
    const { mounts = [], config } = this.#containers.find(id);
    const waiting = mounts.filter(({ awaitsContent }) => awaitsContent === true);
    if (waiting.length === 0) return;
    const { fileSystems, settings } = this.#context;
    const identities = identitiesOf(config, settings);
    const owned = identities && (await mappedLayers()).mapLayers(this.#context, layers, identities);
    await viewImage(owned ?? layers, this.#views(), fileSystems, async (root) => {
      for (const mount of waiting) {
        const place = this.#openInImage(root, mount.target);
        if (place === undefined) continue;
        try {
          await this.#fillOne(mount, place, `fill ${id}`, signal);
        } finally {
          closeSync(place);
        }
      }
    });
    const filled = mounts.map(({ awaitsContent: _, ...mount }) => mount);
    this.#containers.put({ ...this.#containers.find(id), mounts: filled });
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
    const sources = stack.use(new VolumeSources({ mountpoint, folder: this.#views(), fileSystems }));
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
      held.defer(() => this.#letGo(volume, holder));
      await this.#take(volume, holder, signal);
    }
    return held.move();
  }

  /** Let go of the volumes of a container that has ended, or did not start. */
  async release(container: Container): Promise<void> {
    const { id } = container;
    for (const name of localVolumeNames(container)) await this.#mounts.release(name, id);
    await this.#releaseRemote(id);
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
      for (const name of localVolumeNames(container)) this.#mounts.adopt(name, container.id);
    }
    this.#volumes.holds.release((holder) => !holders.has(holder));
  }

  /**
   * Bring volumes, directories and mounts together after a crash, once it is known which containers live. Plugins are
   * told of it as they answer: nothing waits for them.
   */
  async recover(): Promise<void> {
    const { table, directories } = this.#volumes;
    const { fileSystems, logger } = this.#context;
    dropViews(this.#views(), fileSystems);
    await this.#volumes.finishRemoval(table.removed().filter(isLocal));
    const names = new Set([...table].filter(isLocal).map(({ id }) => id));
    for (const name of await directories.recover(names)) {
      logger.warn('directory of no volume left alone: create a volume of that name to have it', { name });
    }
    await this.#mounts.settle(names);
    this.#tellsPlugins = true;
    void this.#recoverRemote();
  }

  /** Where layers and parts of volumes are mounted for a moment. Short, for the kernel's sake. */
  #views(): string {
    return join(this.#context.settings.execRoot, 'view');
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

  /** What a process in the image finds at a path, as a descriptor; `undefined` when there is nothing. */
  #openInImage(root: string, path: string): number | undefined {
    const top = openSync(root, O_PATH | constants.O_DIRECTORY);
    try {
      return this.#context.files.openInRoot(top, Buffer.from(path), O_PATH);
    } catch (error) {
      if (isMissingPath(error) || errnoName(error) === 'ELOOP') return undefined;
      throw error;
    } finally {
      closeSync(top);
    }
  }

  /** An option's file system is mounted for the copy alone, which goes straight into it. */
  async #fillOne(
    { target, source, volumeName = '' }: ContainerMount,
    place: number,
    holder: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (!fstatSync(place).isDirectory()) return refuseAnonymous(source, target);
    const volume = this.#volumes.table.find(volumeName);
    const { copyTree } = await treeCopy();
    await this.#take(volume, holder, signal).catch((error: unknown) => {
      throw withPrefix('failed to populate volume: ', error);
    });
    try {
      const copy = (to: string) => copyTree(below(place, ''), to, this.#context.files);
      const isPlain = isLocal(volume) && fileSystemOf(volume) === undefined;
      if (isPlain) await this.#volumes.directories.fill(volumeName, copy);
      else await fillInPlace(this.mountpoint(volumeName), copy);
    } finally {
      await this.#letGo(volume, holder);
    }
  }

  /** Have a volume mounted for somebody. */
  async #take(volume: Volume, holder: string, signal: AbortSignal): Promise<void> {
    if (isLocal(volume)) await this.#mounts.hold(volume, holder);
    else await (await this.#volumes.remote()).hold(volume, holder, signal);
  }

  async #letGo(volume: Volume, holder: string): Promise<void> {
    if (isLocal(volume)) await this.#mounts.release(volume.id, holder);
    else await this.#releaseRemote(holder);
  }

  async #releaseRemote(holder: string): Promise<void> {
    const drivers = this.#volumes.holds.release((other) => other === holder);
    if (drivers.length > 0 && this.#tellsPlugins) await (await this.#volumes.remote()).tell(drivers);
  }

  /** Tell plugins what they were not told before the last daemon ended. Never rejects. */
  async #recoverRemote(): Promise<void> {
    const { table, holds } = this.#volumes;
    const removed = table.removed();
    try {
      if (holds.drivers().length > 0) await (await this.#volumes.remote()).tell(holds.drivers(), true);
      await this.#volumes.finishRemoval(removed);
    } catch (error) {
      this.#context.logger.warn('plugins not told', { error: messageOf(error) });
    }
  }

  async #hold(
    { id }: Container,
    { target, readOnly }: ContainerMount,
    name: string,
    signal: AbortSignal,
  ): Promise<void> {
    const volume = this.#volumes.table.find(name);
    await this.#take(volume, id, signal);
    const attributes = { container: id, destination: target, 'read/write': String(!readOnly), propagation: '' };
    this.#context.events.emit(volumeEvent(volume, 'mount', attributes));
  }
}

/** @throws FairleadError `internal` in Docker's words; a volume that has a name is no fault until it is mounted. */
function refuseAnonymous(source: string, target: string): void {
  if (source !== '') return;
  throw new FairleadError('internal', `cannot mount volume over existing file, file exists ${target}`);
}

/** Upon `not-found` clients would pull the image and try again. */
function asInvalid(error: unknown): unknown {
  if (codeOf(error) !== 'not-found') return error;
  return new FairleadError('invalid-argument', messageOf(error), { cause: error });
}
