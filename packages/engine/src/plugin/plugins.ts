import { FairleadError, KeyedMutex, messageOf, settleAll } from '@fairlead/base';
import {
  changeSettings,
  dockerCapabilities,
  type ManagedPlugin,
  type ManagedPlugins,
  type PluginPrivilege,
  PluginUnfit,
  parsePluginConfig,
  privilegesOf,
} from '@fairlead/plugins';
import { familiarText, type RegistrySettings } from '@fairlead/registry';
import type { Collection } from '@fairlead/store';
import type { EventLog } from '../event-log.ts';
import type { FileCalls } from '../files/file-calls.ts';
import type { Progress } from '../progress-port.ts';
import { PluginArrivals, remoteReference } from './plugin-arrival.ts';
import { PluginBlobs } from './plugin-blobs.ts';
import { pushPlugin } from './plugin-departure.ts';
import type { Plugin } from './plugin-model.ts';
import { PluginPlaces, removeFolder } from './plugin-places.ts';
import type { PluginPull, PluginService, PluginView, RemotePlugin } from './plugin-port.ts';
import { PluginRuns, type RunParts } from './plugin-runs.ts';
import { localName, PluginTable } from './plugin-table.ts';

/** What plugins need of the daemon. */
export interface PluginsParts extends RunParts {
  readonly documents: Collection<Plugin>;
  readonly events: EventLog;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly registry: RegistrySettings;
  readonly files: FileCalls;
  /** How much there is that needs a plugin that is called one of these: volumes, networks. */
  readonly uses: (isIt: (driver: string) => boolean) => number;
}

/** Plugins that the engine runs: what there is of them, and who runs. */
export class Plugins implements PluginService, ManagedPlugins, AsyncDisposable {
  readonly #parts: PluginsParts;
  readonly #table: PluginTable;
  readonly #blobs: PluginBlobs;
  readonly #places: PluginPlaces;
  readonly #arrivals: PluginArrivals;
  readonly #turns = new KeyedMutex();
  readonly #runs: PluginRuns;
  /** How many are on their way: what they bring is nobody's yet, and must not be taken away. */
  #arriving = 0;

  constructor(parts: PluginsParts) {
    const { documents, files, registry } = parts;
    this.#parts = parts;
    this.#table = new PluginTable(documents);
    this.#places = new PluginPlaces(parts);
    this.#blobs = new PluginBlobs(this.#places.blobs);
    this.#runs = new PluginRuns(parts, this.#table, this.#places);
    this.#arrivals = new PluginArrivals({
      ...{ table: this.#table, blobs: this.#blobs, places: this.#places },
      ...{ files, registry },
    });
  }

  /**
   * Complete or undo what a daemon that was killed has left, and start what is to run. To be called once, first. What cannot
   * be cleared away waits for the next start.
   */
  async recover(): Promise<void> {
    const all = this.#table.everyOne();
    if (all.length > 0) await this.#runs.recover(all);
    const leaving = all.filter(({ removing }) => removing);
    try {
      await settleAll([
        ...leaving.map((plugin) => () => this.#finishRemoval(plugin)),
        () => (all.length > 0 ? this.#places.sweep(this.#table.everyOne()) : this.#places.clear()),
        () => all.length > 0 && this.#collect(),
      ]);
    } catch (error) {
      this.#parts.logger.error('leftovers of plugins not removed', { error: messageOf(error) });
    }
  }

  list(): readonly PluginView[] {
    return [...this.#table];
  }

  inspect(reference: string): PluginView {
    return this.#table.find(reference);
  }

  nameOf(remote: string, name: string): string {
    return localName(remote, name);
  }

  find(name: string): ManagedPlugin | undefined {
    const plugin = this.#table.look(name);
    if (plugin === undefined) return undefined;
    const running = this.#runs.get(plugin);
    if (running === undefined) throw new PluginUnfit('conflict', `plugin ${name} found but disabled`);
    return running;
  }

  /** True for one that there is, and that nobody wants to run. */
  isDisabled(name: string): boolean {
    return this.#table.look(name)?.enabled === false;
  }

  running(): readonly ManagedPlugin[] {
    return this.#runs.list();
  }

  async privileges({ remote, auth: credentials, signal }: RemotePlugin): Promise<readonly PluginPrivilege[] | null> {
    const reference = remoteReference(remote);
    const { fetchPluginConfig } = await import('@fairlead/registry/transfer');
    const options = { ...this.#parts.registry, credentials, signal };
    // Docker says nothing of one that is not there: the pull does.
    const config = await fetchPluginConfig(reference, options).catch(() => 'missing' as const);
    if (config === 'missing') return [];
    if (config === undefined) {
      const what = familiarText(reference);
      throw new FairleadError('internal', `did not find plugin config for specified reference ${what}`);
    }
    const asked = privilegesOf(parsePluginConfig(config));
    return asked.length > 0 ? asked : null;
  }

  async *pull(pull: PluginPull): AsyncGenerator<Progress, void> {
    yield* this.#whileArriving(() => this.#arrivals.pull(pull));
    this.#emit('pull', familiarText(remoteReference(pull.remote)), pull.name);
  }

  async *upgrade(pull: PluginPull): AsyncGenerator<Progress, void> {
    const { id } = this.#table.find(pull.name);
    await using _ = await this.#turn(id);
    const plugin = this.#table.find(id);
    if (plugin.enabled) throw enabled(plugin, 'plugin must be disabled before upgrading: ');
    yield* this.#whileArriving(() => this.#arrivals.upgrade(plugin, pull));
    this.#emit('pull', familiarText(remoteReference(pull.remote)), pull.name);
  }

  async create(name: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
    this.#arriving++;
    try {
      const plugin = await this.#arrivals.create(name, archive);
      this.#emit('create', plugin.id, plugin.name);
    } finally {
      this.#arriving--;
      this.#collect();
    }
  }

  push(reference: string, options: Omit<RemotePlugin, 'remote'>): AsyncGenerator<Progress, void> {
    const { registry } = this.#parts;
    return pushPlugin(this.#table.find(reference), { blobs: this.#blobs, registry }, options);
  }

  async set(reference: string, words: readonly string[]): Promise<void> {
    await this.#inTurn(reference, async (plugin) => {
      if (plugin.enabled) {
        throw new FairleadError('internal', 'cannot set on an active plugin, disable plugin before setting');
      }
      this.#table.put({ ...plugin, ...changeSettings(plugin, words) });
    });
  }

  async enable(reference: string, timeout: number): Promise<void> {
    await this.#inTurn(reference, async (plugin) => {
      if (plugin.enabled) throw enabled(plugin, 'plugin already enabled: ');
      requireUsable(plugin);
      await this.#runs.start({ ...plugin, timeout });
      this.#emit('enable', plugin.id, reference);
    });
  }

  async disable(reference: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.#inTurn(reference, async (plugin) => {
      if (!force) this.#requireUnused(plugin);
      if (!plugin.enabled) {
        throw new FairleadError('conflict', `plugin is already disabled: plugin ${plugin.name} found but disabled`);
      }
      await this.#runs.stop(plugin);
      this.#emit('disable', plugin.id, reference);
    });
  }

  async remove(reference: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.#inTurn(reference, async (plugin) => {
      if (!force) {
        this.#requireUnused(plugin);
        if (plugin.enabled) throw enabled(plugin);
      }
      if (plugin.enabled) await this.#runs.stop(plugin);
      const leaving = this.#table.put({ ...this.#table.current(plugin), removing: true });
      await this.#finishRemoval(leaving);
      this.#emit('remove', plugin.id, reference);
    });
  }

  /** See {@link PluginRuns.stopAll}. */
  async stopAll(): Promise<void> {
    await this.#runs.stopAll();
  }

  /** Let go of those that run: they go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runs[Symbol.asyncDispose]();
  }

  async #finishRemoval(plugin: Plugin): Promise<void> {
    await this.#runs.unmount(plugin);
    await removeFolder(this.#places.folder(plugin));
    this.#table.forget(plugin.id);
    this.#collect();
  }

  #requireUnused({ id, name }: Plugin): void {
    const uses = this.#parts.uses((driver) => this.#table.look(driver)?.id === id);
    if (uses > 0) throw new FairleadError('conflict', `plugin ${name} is in use`);
  }

  async #inTurn(reference: string, work: (plugin: Plugin) => Promise<void>): Promise<void> {
    const { id } = this.#table.find(reference);
    await this.#turns.run(id, () => work(this.#table.find(id)));
  }

  /** The turn of a plugin until the disposal. */
  async #turn(id: string): Promise<AsyncDisposable> {
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const turn = this.#turns.run(id, () => {
      begun.resolve();
      return over.promise;
    });
    await begun.promise;
    return {
      [Symbol.asyncDispose]: async () => {
        over.resolve();
        await turn;
      },
    };
  }

  async *#whileArriving(arrive: () => AsyncGenerator<Progress, unknown>): AsyncGenerator<Progress, void> {
    this.#arriving++;
    try {
      yield* arrive();
    } finally {
      this.#arriving--;
      this.#collect();
    }
  }

  #collect(): void {
    if (this.#arriving > 0) return;
    const contents = this.#table.everyOne().map(({ content }) => content);
    const used = contents.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
    this.#blobs.collect(new Set(used));
  }

  #emit(action: string, id: string, name: string): void {
    this.#parts.events.emit({ type: 'plugin', action, id, attributes: { name } });
  }
}

/** @throws FairleadError `not-implemented` for one that could do nothing here. */
function requireUsable({ config }: Plugin): void {
  const able = dockerCapabilities(config);
  const isUsable = (capability: string) =>
    ['volumedriver', 'networkdriver', 'ipamdriver', 'authz'].includes(capability);
  const useless = able.find((capability) => ['logdriver', 'metricscollector', 'graphdriver'].includes(capability));
  if (useless === undefined || able.some(isUsable)) return;
  const what = `plugins of type docker.${useless}`;
  throw new FairleadError('not-implemented', `${what} are not supported yet by this version of Fairlead`);
}

function enabled({ name }: Plugin, prefix = ''): FairleadError {
  return new FairleadError('conflict', `${prefix}plugin ${name} is enabled`);
}
