import { join } from 'node:path';
import { withPrefix } from '@fairlead/base';
import { rootOf } from '../container/user-namespace.ts';
import type { EngineContext } from '../context.ts';
import type { VolumeRequest, VolumeService, VolumeView } from '../engine-port.ts';
import type { Volume } from '../model.ts';
import { VolumeDirectories } from './volume-directories.ts';
import { volumeEvent } from './volume-event.ts';
import type { VolumeTable } from './volume-table.ts';

/** Volumes as the API asks for them. Intent is stored before a directory is touched. */
export class Volumes implements VolumeService {
  readonly table: VolumeTable;
  readonly directories: VolumeDirectories;
  readonly #context: EngineContext;

  constructor(context: EngineContext, table: VolumeTable) {
    this.#context = context;
    this.table = table;
    const { settings, fileSystems } = context;
    const root = join(settings.dataRoot, 'volumes');
    this.directories = new VolumeDirectories(root, fileSystems, rootOf(settings.identities));
  }

  async create(request: VolumeRequest): Promise<VolumeView> {
    const volume = this.table.describe(request);
    if (this.table.get(volume.id) === undefined) {
      this.table.put(volume);
      this.make([volume]);
    }
    return this.inspect(volume.id);
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    if (options.force === true && this.table.get(name) === undefined) return;
    this.table.find(name);
    this.table.requireUnused(name);
    this.table.markRemoved(name);
    try {
      await this.finishRemoval([name]);
    } catch (error) {
      throw withPrefix(`remove ${name}: `, error);
    }
  }

  inspect(name: string): VolumeView {
    return this.#view(this.table.find(name));
  }

  list(): readonly VolumeView[] {
    return [...this.table].map((volume) => this.#view(volume));
  }

  async size(name: string): Promise<number> {
    return await this.directories.size(this.table.find(name).id);
  }

  /**
   * Make the directories of volumes that have just been stored.
   *
   * @throws FairleadError when one cannot be made; none of them exists then.
   */
  make(volumes: readonly Volume[]): void {
    try {
      for (const { id } of volumes) this.#makeDirectory(id);
    } catch (error) {
      for (const { id } of volumes) this.table.forget(id);
      throw error;
    }
    for (const volume of volumes) this.#context.events.emit(volumeEvent(volume, 'create'));
  }

  /** Remove what there is of volumes whose removal is stored. */
  async finishRemoval(names: readonly string[]): Promise<void> {
    const rests = names.map((name) => {
      const rest = this.directories.detach(name);
      this.table.forget(name);
      return rest;
    });
    for (const name of names) this.#context.events.emit(volumeEvent({ id: name, driver: 'local' }, 'destroy'));
    for (const rest of rests) await rest();
  }

  #makeDirectory(name: string): void {
    try {
      this.directories.make(name);
    } catch (error) {
      const place = this.directories.mountpoint(name);
      throw withPrefix(`create ${name}: error while creating volume data path '${place}': `, error);
    }
  }

  #view(volume: Volume): VolumeView {
    return {
      volume,
      mountpoint: this.directories.mountpoint(volume.id),
      users: this.table.usersOf(volume.id).map(({ id }) => id),
    };
  }
}
