import { join } from 'node:path';
import { FairleadError, lateModule, messageOf, newIdentifier, withPrefix } from '@fairlead/base';
import { rootOf } from '../container/isolation/user-namespace.ts';
import type { EngineContext } from '../context.ts';
import type { RemoteVolume, RemoteVolumes } from './remote/remote-volumes.ts';
import { type VolumeHold, VolumeHolds } from './remote/volume-holds.ts';
import { VolumeDirectories } from './volume-directories.ts';
import { volumeEvent } from './volume-event.ts';
import type { Volume } from './volume-model.ts';
import type { VolumeRequest, VolumeService, VolumeView } from './volume-port.ts';
import { isLocal, newVolume, noSuchVolume, type StoredVolume, type VolumeTable } from './volume-table.ts';

const remoteModule = lateModule(() => import('./remote/remote-volumes.ts'));

/** A volume that is asked for. */
export interface DescribedVolume {
  readonly volume: Volume;
  /** It has to be made. */
  readonly isNew: boolean;
}

/** Volumes as the API asks for them. Intent is stored before a directory is touched or a plugin is asked. */
export class Volumes implements VolumeService {
  readonly table: VolumeTable;
  readonly directories: VolumeDirectories;
  /** What plugins have mounted for containers. */
  readonly holds: VolumeHolds;
  readonly #context: EngineContext;
  #remote: Promise<RemoteVolumes> | undefined;
  #loaded: RemoteVolumes | undefined;

  constructor(context: EngineContext, table: VolumeTable) {
    this.#context = context;
    this.table = table;
    const { settings, fileSystems, files, store } = context;
    const root = join(settings.dataRoot, 'volumes');
    this.directories = new VolumeDirectories(root, fileSystems, files, rootOf(settings.identities));
    this.holds = new VolumeHolds(store.collection<VolumeHold>('volume-hold'));
  }

  /** What deals with plugins, made by the first who needs it. */
  remote(): Promise<RemoteVolumes> {
    this.#remote ??= this.#makeRemote();
    return this.#remote;
  }

  async create(request: VolumeRequest): Promise<VolumeView> {
    const described = await this.describe(request);
    await this.make(this.record([described]));
    return await this.inspect(described.volume.id);
  }

  async remove(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const known = this.table.get(name);
    if (known === undefined || !isLocal(known)) return await this.#removeRemote(name, force);
    this.table.requireUnused(name);
    this.table.markRemoved(known);
    try {
      await this.finishRemoval([known]);
    } catch (error) {
      throw withPrefix(`remove ${name}: `, error);
    }
  }

  async inspect(name: string): Promise<VolumeView> {
    const known = this.table.get(name);
    if (known !== undefined && isLocal(known)) return this.#view(known);
    const found = await this.#findRemote(name);
    if (found === undefined) throw noSuchVolume(name);
    return this.#withUsers(found);
  }

  async list() {
    const { volumes, warnings } = await (await this.remote()).list();
    return { volumes: [...this.local(), ...volumes.map((found) => this.#withUsers(found))], warnings };
  }

  local(): readonly VolumeView[] {
    return [...this.table].filter(isLocal).map((volume) => this.#view(volume));
  }

  drivers(): readonly string[] {
    return [...new Set(['local', ...this.table.remoteDrivers(), ...(this.#loaded?.drivers ?? [])])].sort();
  }

  async size(name: string): Promise<number> {
    return await this.directories.size(this.table.find(name).id);
  }

  /** Absolute path of a volume's content; '' when its plugin has not said yet. */
  mountpoint(name: string): string {
    const volume = this.table.look(name);
    return volume === undefined || isLocal(volume) ? this.directories.mountpoint(name) : (volume.mountpoint ?? '');
  }

  /**
   * The volume that is asked for: the one of that name, or a new one. Nothing is made.
   *
   * @throws FairleadError in Docker's words for names, drivers and options that cannot be had.
   */
  async describe(request: VolumeRequest): Promise<DescribedVolume> {
    const { name, driver: asked } = request;
    const id = name || newIdentifier();
    try {
      const driver = isLocal({ driver: asked || 'local' }) ? asked : await (await this.remote()).nameOf(asked);
      const existing = await this.#existing(id, driver);
      if (existing !== undefined) return { volume: existing, isNew: false };
      return { volume: newVolume(id, { ...request, driver }), isNew: true };
    } catch (error) {
      throw withPrefix(`create ${id}: `, error);
    }
  }

  /** Store those that have to be made. Somebody else may have made or removed some since they were described. @returns them. */
  record(described: readonly DescribedVolume[]): Volume[] {
    const missing = described.filter(
      ({ volume, isNew }) => this.table.get(volume.id) === undefined || (isNew && !isLocal(volume)),
    );
    for (const { volume } of missing) this.table.put(volume);
    return missing.map(({ volume }) => volume);
  }

  /**
   * Make volumes that have just been stored.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError when one cannot be made; those after it are not made either, and both are forgotten.
   */
  async make(volumes: readonly Volume[], signal?: AbortSignal): Promise<void> {
    for (const [index, volume] of volumes.entries()) {
      try {
        await this.#makeOne(volume, signal);
      } catch (error) {
        for (const { id } of volumes.slice(index)) this.table.forget(id);
        throw error;
      }
      this.#context.events.emit(volumeEvent(volume, 'create'));
    }
  }

  /** Remove what there is of volumes whose removal is stored. */
  async finishRemoval(volumes: readonly StoredVolume[]): Promise<void> {
    const rests = volumes.filter(isLocal).map(({ id }) => {
      const rest = this.directories.detach(id);
      this.table.forget(id);
      this.#context.events.emit(volumeEvent({ id, driver: 'local' }, 'destroy'));
      return rest;
    });
    for (const rest of rests) await rest();
    for (const volume of volumes.filter((one) => !isLocal(one))) {
      const gone = () => this.#context.events.emit(volumeEvent(volume, 'destroy'));
      await (await this.remote()).finishRemoval(volume, gone);
    }
  }

  async #makeRemote(): Promise<RemoteVolumes> {
    const { volumePlugins, logger } = this.#context;
    const [{ RemoteVolumes: Remote }, plugins] = await Promise.all([remoteModule(), volumePlugins()]);
    this.#loaded = new Remote({ table: this.table, holds: this.holds, plugins, logger });
    return this.#loaded;
  }

  async #makeOne(volume: Volume, signal?: AbortSignal): Promise<void> {
    const { id } = volume;
    try {
      if (isLocal(volume)) this.#makeDirectory(id);
      else await (await this.remote()).make(volume, signal);
    } catch (error) {
      throw withPrefix(`create ${id}: `, error);
    }
  }

  #makeDirectory(name: string): void {
    try {
      this.directories.make(name);
    } catch (error) {
      const place = this.directories.mountpoint(name);
      throw withPrefix(`error while creating volume data path '${place}': `, error);
    }
  }

  /** @throws FairleadError in Docker's words when a volume of that name is another driver's, or cannot be told to be. */
  async #existing(name: string, driver: string): Promise<Volume | undefined> {
    const known = this.table.get(name);
    if (known === undefined) return driver === '' ? (await (await this.remote()).find(name))?.volume : undefined;
    if (!isLocal(known) && !(await this.#isThere(known))) return undefined;
    if (driver === '' || driver === known.driver) return known;
    throw nameConflict(`driver '${known.driver}' already has volume '${name}'`);
  }

  async #isThere({ id, driver }: Volume): Promise<boolean> {
    const about = `volume '${id}' in driver '${driver}'`;
    const found = await (await this.remote()).find(id).catch((error: unknown) => {
      throw nameConflict(
        `found reference to ${about}, but got an error while checking the driver: ${messageOf(error)}`,
      );
    });
    if (found === undefined && this.table.usersOf(id).length > 0) {
      const advice =
        'you may need to remove containers referencing this volume or force remove the volume to re-create it';
      throw nameConflict(`found references to ${about} but the volume was not found in the driver -- ${advice}`);
    }
    return found !== undefined;
  }

  async #removeRemote(name: string, force: boolean): Promise<void> {
    const found = await this.#findRemote(name).catch((error: unknown) => {
      if (!force) throw error;
      // Its plugin is gone for good, perhaps.
      this.table.requireUnused(name);
    });
    if (found === undefined) {
      if (!force) throw noSuchVolume(name);
      return this.table.forget(name);
    }
    this.table.requireUnused(name);
    await (await this.remote()).remove(found, force);
    this.#context.events.emit(volumeEvent(found.volume, 'destroy'));
  }

  /** @throws FairleadError in Docker's words when its plugin cannot be asked. */
  async #findRemote(name: string): Promise<RemoteVolume | undefined> {
    try {
      return await (await this.remote()).find(name);
    } catch (error) {
      throw withPrefix(`get ${name}: `, error);
    }
  }

  #view(volume: Volume): VolumeView {
    return this.#withUsers({ volume, mountpoint: this.directories.mountpoint(volume.id) });
  }

  #withUsers(found: Omit<VolumeView, 'users'>): VolumeView {
    return { ...found, users: this.table.usersOf(found.volume.id).map(({ id }) => id) };
  }
}

function nameConflict(reason: string): FairleadError {
  return new FairleadError('conflict', `${reason}: volume name must be unique`);
}
