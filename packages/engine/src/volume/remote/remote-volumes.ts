import { FairleadError, KeyedMutex, type Logger, messageOf, withPrefix } from '@fairlead/base';
import {
  Courtesy,
  type DrivenVolume,
  PluginAbsence,
  PluginSilence,
  PluginUnfit,
  type PluginWait,
  type RemoteVolumeDriver,
  unlessAborted,
} from '@fairlead/plugins';
import type { Volume } from '../volume-model.ts';
import type { VolumeView } from '../volume-port.ts';
import type { VolumeTable } from '../volume-table.ts';
import type { VolumeHolds } from './volume-holds.ts';
import type { VolumePluginPort } from './volume-plugin-port.ts';

/** A volume with what its plugin says of it. */
export type RemoteVolume = Omit<VolumeView, 'users'>;

/** What {@link RemoteVolumes} works with. */
export interface RemoteParts {
  readonly table: VolumeTable;
  readonly holds: VolumeHolds;
  readonly plugins: VolumePluginPort;
  readonly logger: Logger;
}

/**
 * Volumes of plugins; loaded when the first one is needed. Which there are is in the books of plugins; the store has what
 * was asked for when one was made, and what plugins have still to be told. That is told by whoever reaches one next.
 */
export class RemoteVolumes {
  readonly #parts: RemoteParts;
  readonly #turns = new KeyedMutex();
  readonly #scopes = new Map<string, 'local' | 'global'>();
  readonly #courtesy = new Courtesy();
  /** Ids of mounts that plugins are being told of. */
  readonly #beingTold = new Set<string>();

  constructor(parts: RemoteParts) {
    this.#parts = parts;
  }

  /** Names of the drivers that have answered. */
  get drivers(): readonly string[] {
    return [...this.#scopes.keys()];
  }

  /** @throws FairleadError `not-found` in Docker's words. */
  async driver(name: string, wait: PluginWait = {}): Promise<RemoteVolumeDriver> {
    return (await this.#named(name, wait)).driver;
  }

  /** What the driver of that name calls itself. @throws as {@link driver}. */
  async nameOf(name: string): Promise<string> {
    return (await this.#named(name, {})).name;
  }

  /**
   * Look for a volume at its plugin, or at all of them when nobody remembers whose it is: that is remembered then. One that
   * its plugin has not is forgotten unless containers have it.
   *
   * @throws FairleadError in Docker's words when its plugin does not answer.
   */
  async find(name: string): Promise<RemoteVolume | undefined> {
    const { table, plugins } = this.#parts;
    const known = table.get(name);
    const drivers = known === undefined ? await plugins.volumeDrivers() : [];
    for (const driver of drivers) {
      const found = await this.#ask(unknownVolume(name, driver)).catch(() => undefined);
      if (found !== undefined) return this.#remember(found);
    }
    if (known === undefined) return undefined;
    const found = await this.#ask(known);
    if (found !== undefined) return this.#remember(found);
    if (table.usersOf(name).length === 0) table.forget(name);
    return undefined;
  }

  /** All volumes that plugins know of, and what is to be said of plugins that do not answer. */
  async list(): Promise<{ readonly volumes: readonly RemoteVolume[]; readonly warnings: readonly string[] }> {
    const { table, plugins } = this.#parts;
    const drivers = new Set([...(await plugins.volumeDrivers()), ...table.remoteDrivers()]);
    const lists = await Promise.all([...drivers].map((driver) => this.#listOf(driver)));
    // Of several plugins that have a volume of the same name the first one counts.
    const all = lists.flatMap(({ volumes }) => volumes).toReversed();
    const byName = new Map(all.map((found) => [found.volume.id, found]));
    return { volumes: [...byName.values()], warnings: lists.flatMap(({ warnings }) => warnings) };
  }

  /**
   * Have a volume made that is stored already, unless its plugin has it.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError in the plugin's words.
   */
  async make(volume: Volume, signal?: AbortSignal): Promise<void> {
    await this.#inTurn(volume.id, signal, async () => {
      const driver = await this.driver(volume.driver, { signal });
      const found = await driver.get(volume.id);
      if (found === undefined) await driver.create(volume.id, volume.options);
      // Somebody else may have failed at it meanwhile, and have forgotten it.
      this.#parts.table.put({ ...volume, ...(found?.mountpoint && { mountpoint: found.mountpoint }) });
    });
  }

  /**
   * Remove a volume that was found.
   *
   * @param force forget it also when its plugin refuses.
   * @throws FairleadError in the plugin's words; `conflict` when a container has got it.
   */
  async remove({ volume }: RemoteVolume, force: boolean): Promise<void> {
    const { table } = this.#parts;
    await this.#turns.run(volume.id, async () => {
      table.requireUnused(volume.id);
      table.markRemoved(volume);
      try {
        await (await this.driver(volume.driver, { patient: false })).remove(volume.id);
      } catch (error) {
        if (force) table.forget(volume.id);
        else table.put(volume);
        throw withPrefix(`remove ${volume.id}: `, error);
      }
      table.forget(volume.id);
    });
  }

  /**
   * Remove a volume whose removal is stored. When its plugin refuses it is there again; when it does not answer it is
   * told later. Never rejects. A plugin that hangs goes on being asked after this has resolved.
   *
   * @param gone is told when it is.
   */
  async finishRemoval(volume: Volume & { readonly removing?: true }, gone: () => void): Promise<void> {
    const removal = this.#turns.run(volume.id, () => this.#finishRemoval(volume, gone));
    await this.#courtesy.wait(volume.driver, removal);
  }

  async #finishRemoval({ removing: _, ...volume }: Volume & { readonly removing?: true }, gone: () => void) {
    const { table, logger } = this.#parts;
    try {
      await (await this.driver(volume.driver, { patient: false })).remove(volume.id);
      table.forget(volume.id);
      gone();
    } catch (error) {
      logger.warn('volume not removed', { name: volume.id, driver: volume.driver, error: messageOf(error) });
      if (!isUnheard(error)) table.put(volume);
    }
  }

  /**
   * Have a volume mounted for somebody; {@link VolumeHolds.release} is the way back.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError in Docker's words; it is not held then.
   */
  async hold(volume: Volume, holder: string, signal?: AbortSignal): Promise<void> {
    const { holds, table } = this.#parts;
    await this.#inTurn(volume.id, signal, async () => {
      if (holds.has(volume.id, holder)) return;
      const driver = await this.driver(volume.driver, { signal }).catch((error: unknown) => {
        throw mountFailure(volume, error);
      });
      const hold = holds.add({ volume: volume.id, driver: volume.driver, holder });
      try {
        const mountpoint = requirePlace(await driver.mount(volume.id, hold.id));
        table.put({ ...volume, mountpoint });
      } catch (error) {
        // One that has not answered may have mounted it all the same.
        if (error instanceof PluginSilence) holds.release((other) => other === holder);
        else holds.forget(hold.id);
        throw mountFailure(volume, error);
      }
    });
  }

  /**
   * Tell plugins what they have still to be told. Never rejects.
   *
   * @param patient whether to wait for a plugin that is not there yet, and for every answer.
   */
  async tell(drivers: readonly string[], patient = false): Promise<void> {
    const tellOne = async (name: string) => {
      const told = this.driver(name, { patient }).catch((error: unknown) => {
        this.#parts.logger.warn('plugin not told', { plugin: name, error: messageOf(error) });
      });
      await (patient ? told : this.#courtesy.wait(name, told));
    };
    await Promise.all(drivers.map(tellOne));
  }

  async #named(asked: string, wait: PluginWait) {
    const { plugins } = this.#parts;
    const driver = await plugins.volumeDriver(asked, wait).catch((error: unknown) => {
      throw lookupFailure(asked, error);
    });
    const name = plugins.nameOf(asked);
    if (!this.#scopes.has(name)) await this.#learnScope(name, driver, wait);
    await this.#tellDue(name, driver);
    return { name, driver };
  }

  /** Work in the turn of a volume; who gives up does not wait for it, and work that has not begun then never does. */
  async #inTurn(id: string, signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const turn = this.#turns.run(id, async () => {
      begun.resolve();
      if (signal?.aborted !== true) await work();
    });
    await unlessAborted(begun.promise, signal);
    await turn;
  }

  /** What a plugin did not say for want of time it is asked again. */
  async #learnScope(name: string, driver: RemoteVolumeDriver, { signal }: PluginWait): Promise<void> {
    const scope = await driver.scope();
    if (signal?.aborted !== true) this.#scopes.set(name, scope);
  }

  #remember(found: RemoteVolume): RemoteVolume {
    const { volume, mountpoint } = found;
    if (volume !== this.#parts.table.get(volume.id) || volume.mountpoint !== mountpoint) {
      this.#parts.table.put({ ...volume, mountpoint });
    }
    return found;
  }

  async #ask(volume: Volume): Promise<RemoteVolume | undefined> {
    const { id, driver: name } = volume;
    try {
      const found = await (await this.driver(name, { patient: false })).get(id);
      return found && this.#shown(volume, found);
    } catch (error) {
      throw withPrefix(
        `error while checking if volume ${JSON.stringify(id)} exists in driver ${JSON.stringify(name)}: `,
        error,
      );
    }
  }

  async #listOf(name: string): Promise<{ readonly volumes: RemoteVolume[]; readonly warnings: string[] }> {
    const { table } = this.#parts;
    try {
      const found = await (await this.driver(name, { patient: false })).list();
      const volumes = found.flatMap(({ status: _, ...driven }) => {
        const volume = table.look(driven.name) ?? unknownVolume(driven.name, name);
        return volume.removing || volume.driver !== name ? [] : [this.#shown(volume, driven)];
      });
      return { volumes, warnings: [] };
    } catch (error) {
      const known = [...table].filter(({ driver }) => driver === name);
      return { volumes: known.map((volume) => this.#shown(volume)), warnings: [`list ${name}: ${messageOf(error)}`] };
    }
  }

  #shown(volume: Volume, driven?: DrivenVolume): RemoteVolume {
    const { mountpoint = volume.mountpoint ?? '', created, status } = driven ?? {};
    const scope = this.#scopes.get(volume.driver) ?? 'local';
    return {
      volume,
      mountpoint,
      remote: { scope, ...(created !== undefined && { created }), ...(status && { status }) },
    };
  }

  /** As with Docker nothing is undone when a plugin refuses: what has ended has ended. */
  async #tellDue(name: string, driver: RemoteVolumeDriver): Promise<void> {
    const { holds, logger } = this.#parts;
    const due = holds.due(name).filter(({ id }) => !this.#beingTold.has(id));
    for (const { id } of due) this.#beingTold.add(id);
    try {
      for (const { id, volume } of due) {
        const failure = await driver.unmount(volume, id).catch((error: unknown) => error);
        if (failure !== undefined) {
          logger.warn('volume not unmounted', { name: volume, driver: name, error: messageOf(failure) });
        }
        // The rest is told the next time.
        if (failure instanceof PluginSilence) return;
        holds.forget(id);
      }
    } finally {
      for (const { id } of due) this.#beingTold.delete(id);
    }
  }
}

/** A volume that only its plugin knows of. */
function unknownVolume(id: string, driver: string): Volume & { readonly removing?: true } {
  return { id, driver, created: 0, labels: null, options: null };
}

/** @throws FairleadError when it is no place. */
function requirePlace(mountpoint: string): string {
  if (mountpoint.startsWith('/')) return mountpoint;
  throw new FairleadError('internal', `the plugin names no path: ${JSON.stringify(mountpoint)}`);
}

function mountFailure({ mountpoint = '' }: Volume, error: unknown): FairleadError {
  return new FairleadError('internal', `error while mounting volume '${mountpoint}': ${messageOf(error)}`, {
    cause: error,
  });
}

function lookupFailure(name: string, error: unknown): FairleadError {
  if (error instanceof PluginAbsence) {
    const reason = `error looking up volume plugin ${name}: plugin ${JSON.stringify(name)} not found`;
    return new FairleadError('not-found', reason, { cause: error });
  }
  if (error instanceof PluginUnfit) return withPrefix(`error looking up volume plugin ${name}: `, error);
  const reason = `error looking up volume plugin ${name}: legacy plugin: ${messageOf(error)}`;
  return new FairleadError('internal', reason, { cause: error });
}

/** True when a plugin has not said no, for it was not reached. */
function isUnheard(error: unknown): boolean {
  if (error instanceof PluginSilence || error instanceof PluginAbsence) return true;
  return error instanceof Error && error.cause !== undefined && isUnheard(error.cause);
}
