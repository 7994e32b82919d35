import { type Logger, messageOf } from '@fairlead/base';
import type { FileSystems } from '../context.ts';
import type { Volume } from './volume-model.ts';
import { VolumeMounts } from './volume-mounts.ts';
import { isLocal } from './volume-table.ts';
import type { Volumes } from './volumes.ts';

/** Who has which volume mounted, of the engine's own and of plugins. Holders are containers, or what is done for one. */
export class VolumeUse {
  readonly #volumes: Volumes;
  readonly #logger: Logger;
  readonly #mounts: VolumeMounts;
  /** While the engine starts plugins are not told: nobody should have to wait for them. */
  #tellsPlugins = false;

  constructor(
    volumes: Volumes,
    { fileSystems, logger }: { readonly fileSystems: FileSystems; readonly logger: Logger },
  ) {
    this.#volumes = volumes;
    this.#logger = logger;
    this.#mounts = new VolumeMounts(fileSystems, (name) => volumes.mountpoint(name));
  }

  /**
   * Have a volume mounted for somebody.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError in Docker's words; nobody has it then who had it not before.
   */
  async take(volume: Volume, holder: string, signal: AbortSignal): Promise<void> {
    if (isLocal(volume)) await this.#mounts.hold(volume, holder);
    else await (await this.#volumes.remote()).hold(volume, holder, signal);
  }

  /** Somebody has it mounted no longer. */
  async letGo(volume: Volume, holder: string): Promise<void> {
    if (isLocal(volume)) await this.#mounts.release(volume.id, holder);
    else await this.releaseRemote(holder);
  }

  /** Let go of all volumes of plugins that somebody has. */
  async releaseRemote(holder: string): Promise<void> {
    const drivers = this.#volumes.holds.release((other) => other === holder);
    if (drivers.length > 0 && this.#tellsPlugins) await (await this.#volumes.remote()).tell(drivers);
  }

  /** Let go of a volume of the engine's own. */
  async release(name: string, holder: string): Promise<void> {
    await this.#mounts.release(name, holder);
  }

  /** A holder has had a volume of the engine's own since before the daemon was started. */
  adopt(name: string, holder: string): void {
    this.#mounts.adopt(name, holder);
  }

  /** Only these have volumes of plugins still; to be called after each {@link adopt}. */
  keepHolders(holders: ReadonlySet<string>): void {
    this.#volumes.holds.release((holder) => !holders.has(holder));
  }

  /**
   * Bring mounts together with who has them. From then on plugins are told, also what they were not told before.
   *
   * @param names of the engine's own volumes.
   */
  async settle(names: ReadonlySet<string>): Promise<void> {
    await this.#mounts.settle(names);
    this.#tellsPlugins = true;
    void this.#tellPlugins();
  }

  /** Tell plugins what they were not told before the last daemon ended. Never rejects. */
  async #tellPlugins(): Promise<void> {
    const { table, holds } = this.#volumes;
    const removed = table.removed();
    try {
      if (holds.drivers().length > 0) await (await this.#volumes.remote()).tell(holds.drivers(), true);
      await this.#volumes.finishRemoval(removed);
    } catch (error) {
      this.#logger.warn('plugins not told', { error: messageOf(error) });
    }
  }
}
