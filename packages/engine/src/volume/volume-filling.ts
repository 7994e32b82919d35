import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { FairleadError, lateModule, withPrefix } from '@fairlead/base';
import type { ContainerTable } from '../container/container-table.ts';
import type { RootfsMount } from '../container/file/rootfs-file.ts';
import { identitiesOf } from '../container/isolation/user-namespace.ts';
import type { EngineContext } from '../context.ts';
import { below, errnoName, O_PATH } from '../files/file-calls.ts';
import { isMissingPath } from '../files/path-stat.ts';
import { fileSystemOf } from './driver-options.ts';
import { viewFolder, viewImage } from './image-view.ts';
import { fillInPlace } from './volume-directories.ts';
import type { ContainerMount } from './volume-model.ts';
import { isLocal } from './volume-table.ts';
import type { VolumeUse } from './volume-use.ts';
import type { Volumes } from './volumes.ts';

const mappedLayers = lateModule(() => import('../files/mapped-layers.ts'));
const treeCopy = lateModule(() => import('./tree-copy.ts'));

/** What {@link VolumeFilling} works with. */
export interface VolumeFillingParts {
  readonly context: EngineContext;
  readonly containers: ContainerTable;
  readonly volumes: Volumes;
  readonly use: VolumeUse;
}

/** New volumes get what the image has at their place. */
export class VolumeFilling {
  readonly #context: EngineContext;
  readonly #containers: ContainerTable;
  readonly #volumes: Volumes;
  readonly #use: VolumeUse;

  constructor({ context, containers, volumes, use }: VolumeFillingParts) {
    this.#context = context;
    this.#containers = containers;
    this.#volumes = volumes;
    this.#use = use;
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
    await viewImage(owned ?? layers, viewFolder(settings), fileSystems, async (root) => {
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
    await this.#use.take(volume, holder, signal).catch((error: unknown) => {
      throw withPrefix('failed to populate volume: ', error);
    });
    try {
      const copy = (to: string) => copyTree(below(place, ''), to, this.#context.files);
      const isPlain = isLocal(volume) && fileSystemOf(volume) === undefined;
      if (isPlain) await this.#volumes.directories.fill(volumeName, copy);
      else await fillInPlace(this.#volumes.mountpoint(volumeName), copy);
    } finally {
      await this.#use.letGo(volume, holder);
    }
  }
}

/** @throws FairleadError `internal` in Docker's words; a volume that has a name is no fault until it is mounted. */
function refuseAnonymous(source: string, target: string): void {
  if (source !== '') return;
  throw new FairleadError('internal', `cannot mount volume over existing file, file exists ${target}`);
}
