import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, lateModule } from '@fairlead/base';
import type { EventLog, Plugin, PluginService, Volume } from '@fairlead/engine';
import type { Plugins } from '@fairlead/engine/plugins';
import type { Network } from '@fairlead/network';
import type { ManagedPlugin, ManagedPlugins } from '@fairlead/plugins';
import { type ExitStatus, readHostFacts } from '@fairlead/runtime';
import { Containerd } from '@fairlead/runtime/containerd';
import type { Store } from '@fairlead/store';
import { fileSystems, files, pipeCalls } from './kernel-calls.ts';
import type { LiveOptions } from './options.ts';
import { registrySettings } from './registry-settings.ts';

const plugins = lateModule(() => import('@fairlead/engine/plugins'));

/** containerd's name for what plugins run in: whoever looks after containers sees nothing of them. */
const PLUGIN_NAMESPACE = 'fairlead-plugins';

/** What plugins are made with. */
export interface LatePluginsParts {
  readonly live: LiveOptions;
  readonly store: Store;
  readonly events: EventLog;
  /** Where it is, and how containers ended of whose end it does not know. */
  readonly containerd: { readonly socket: string; readonly untoldEnds: Map<string, ExitStatus> };
  /** The program that makes containers. */
  readonly runtime: string;
  readonly logger: Logger;
}

/** Plugins that the engine runs, loaded by the first who asks for them, and with the engine where there is one. */
export class LatePlugins implements ManagedPlugins, AsyncDisposable {
  readonly #parts: LatePluginsParts;
  #made: Plugins | undefined;

  constructor(parts: LatePluginsParts) {
    this.#parts = parts;
  }

  /** Start those that are to run: before containers, volumes and networks that need them, and who is asked of requests. */
  async recover(): Promise<void> {
    const folder = join(this.#parts.live.current.dataRoot, 'plugins');
    if (this.#documents().size > 0 || existsSync(folder)) await (await this.#make()).recover();
  }

  readonly service = (): Promise<PluginService> => this.#make();

  find(name: string): ManagedPlugin | undefined {
    return this.#made?.find(name);
  }

  running(): readonly ManagedPlugin[] {
    return this.#made?.running() ?? [];
  }

  /** Names of those that run and can do something. */
  readonly capable = (capability: string): readonly string[] =>
    this.running().flatMap(({ name, capabilities }) => (capabilities.includes(capability) ? name : []));

  /** True for one that there is, and that does not run. */
  isDisabled(name: string): boolean {
    return this.#made?.isDisabled(name) ?? false;
  }

  /** Stop all; they run again with the next daemon. */
  async stopAll(): Promise<void> {
    await this.#made?.stopAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made?.[Symbol.asyncDispose]();
  }

  #documents() {
    return this.#parts.store.collection<Plugin>('plugin');
  }

  async #make(): Promise<Plugins> {
    const module = await plugins();
    const { live, events, runtime, logger } = this.#parts;
    const { dataRoot, execRoot, cgroupParent } = live.current;
    this.#made ??= new module.Plugins({
      ...{ documents: this.#documents(), events, logger, dataRoot, execRoot, cgroupParent },
      ...{ files, fileSystems, pipeCalls, facts: readHostFacts(), runtime: { binary: runtime } },
      registry: registrySettings(live),
      containerd: () => this.#connect(),
      uses: (isIt) => this.#uses(isIt),
    });
    return this.#made;
  }

  async #connect(): Promise<Containerd> {
    const { socket, untoldEnds } = this.#parts.containerd;
    const client = Containerd.connect(socket, { namespace: PLUGIN_NAMESPACE, untoldEnds });
    await client.ensureNamespace();
    return client;
  }

  /** Volumes and networks that a plugin drives, and networks that it gives the addresses of. */
  #uses(isIt: (driver: string) => boolean): number {
    const { store } = this.#parts;
    const volumes = [...store.collection<Volume>('volume')].map(({ driver }) => driver);
    const networks = [...store.collection<Network>('network')].flatMap(({ driver, ipamDriver }) => [
      driver,
      ipamDriver,
    ]);
    return [...volumes, ...networks].filter(isIt).length;
  }
}
