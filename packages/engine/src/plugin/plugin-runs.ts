import { type Logger, messageOf, settleAll } from '@fairlead/base';
import { dockerCapabilities, type ManagedPlugin } from '@fairlead/plugins';
import type { HostFacts, PipeCalls, RuntimeOptions, TaskProcess } from '@fairlead/runtime';
import type { FileSystems } from '../context.ts';
import type { Plugin } from './plugin-model.ts';
import type { PluginPlaces } from './plugin-places.ts';
import { type PluginContainerd, PluginProcess } from './plugin-process.ts';
import type { PluginTable } from './plugin-table.ts';
import { RunningPlugin } from './running-plugin.ts';

/** What plugins run with. */
export interface RunParts {
  /** Connects to the namespace of containerd's in which only plugins are. */
  readonly containerd: () => Promise<PluginContainerd & Disposable>;
  readonly fileSystems: FileSystems;
  readonly pipeCalls: PipeCalls;
  readonly facts: HostFacts;
  readonly runtime: RuntimeOptions;
  readonly cgroupParent: string;
  readonly logger: Logger;
}

/** Which plugins run. What is enabled in the table is to run, and what runs without being that is a crash's. */
export class PluginRuns implements AsyncDisposable {
  readonly #parts: RunParts;
  readonly #table: PluginTable;
  readonly #places: PluginPlaces;
  readonly #running = new Map<string, RunningPlugin>();
  #containerd: Promise<PluginContainerd & Disposable> | undefined;

  constructor(parts: RunParts, table: PluginTable, places: PluginPlaces) {
    this.#parts = parts;
    this.#table = table;
    this.#places = places;
  }

  /** Those that run. */
  list(): ManagedPlugin[] {
    return [...this.#running.values()].map((running) => this.#shown(running));
  }

  /** One that runs. */
  get({ id }: Pick<Plugin, 'id'>): ManagedPlugin | undefined {
    const running = this.#running.get(id);
    return running && this.#shown(running);
  }

  /** Start a plugin, which is enabled when it listens. @throws FairleadError in Docker's words; nothing of it runs then. */
  async start(plugin: Plugin): Promise<void> {
    await this.#run(plugin, false);
    this.#table.put({ ...plugin, enabled: true });
  }

  /** Stop one: from the first moment on it is not to run any more; what a crash leaves of it goes with the next start. */
  async stop(plugin: Plugin): Promise<void> {
    const running = this.#running.get(plugin.id);
    this.#table.put({ ...plugin, enabled: false });
    this.#running.delete(plugin.id);
    await running?.stop();
  }

  /** Bring plugins to what the table says of them, after a start of the daemon. Never rejects because of one of them. */
  async recover(plugins: readonly Plugin[]): Promise<void> {
    const { tasks } = await this.#connect();
    const there = new Map((await tasks.list()).map((task) => [task.containerId, task]));
    const recoverOne = async (plugin: Plugin) => {
      await this.#recoverOne(plugin, there.get(plugin.id)).catch((error: unknown) => {
        this.#parts.logger.error('plugin not restored', { plugin: plugin.name, error: messageOf(error) });
      });
    };
    await Promise.all(plugins.map(recoverOne));
  }

  /** Take away what is mounted in the folder of one that does not run. */
  async unmount(plugin: Plugin): Promise<void> {
    (await this.#process(plugin)).unmount();
  }

  /** Stop all; those that are to run do so again with the next daemon. */
  async stopAll(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    const ends = await Promise.allSettled(all.map((running) => running.stop()));
    await settleAll(ends.map((end) => () => (end.status === 'rejected' ? Promise.reject(end.reason) : undefined)));
  }

  /** Let go of those that run: they go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running.values()) running.release();
    this.#running.clear();
    (await this.#containerd?.catch(() => undefined))?.[Symbol.dispose]();
  }

  async #recoverOne(plugin: Plugin, task: TaskProcess | undefined): Promise<void> {
    const isThere = task?.state === 'running';
    const process = await this.#process(plugin);
    const isWanted = plugin.enabled && plugin.removing !== true;
    if (!isWanted) await process.clear();
    if (!isThere) await process.endLost();
    if (isWanted) await this.#restore(plugin, isThere);
    else process.unmount();
  }

  /** One that does not come up any more is disabled, as with Docker. */
  async #restore(plugin: Plugin, isThere: boolean): Promise<void> {
    try {
      await this.#run(plugin, isThere);
    } catch (error) {
      this.#table.put({ ...plugin, enabled: false });
      throw error;
    }
  }

  async #run(plugin: Plugin, isThere: boolean): Promise<void> {
    const { logger } = this.#parts;
    const onGivenUp = () => {
      this.#running.delete(plugin.id);
      const now = this.#table.look(plugin.id);
      if (now !== undefined) this.#table.put({ ...now, enabled: false });
    };
    const running = new RunningPlugin(plugin, { process: await this.#process(plugin), logger, onGivenUp });
    await running.begin({ isThere });
    this.#running.set(plugin.id, running);
  }

  async #process(plugin: Plugin): Promise<PluginProcess> {
    return new PluginProcess({ ...this.#parts, containerd: await this.#connect(), places: this.#places }, plugin);
  }

  #connect(): Promise<PluginContainerd & Disposable> {
    this.#containerd ??= this.#parts.containerd().catch((error: unknown) => {
      this.#containerd = undefined;
      throw error;
    });
    return this.#containerd;
  }

  #shown({ plugin, socket }: RunningPlugin): ManagedPlugin {
    return {
      ...{ name: plugin.name, socket, timeout: plugin.timeout },
      capabilities: dockerCapabilities(plugin.config),
      pathOnHost: (path) => this.#places.onHost(plugin, path),
    };
  }
}
