import { FairleadError, type Logger, messageOf } from '@fairlead/base';
import { Answer } from './answer.ts';
import { AuthorizationPlugin } from './authorization-plugin.ts';
import { PATIENCE } from './back-off.ts';
import { RemoteIpamDriver } from './ipam-driver.ts';
import { type ManagedPlugin, type ManagedPlugins, noManagedPlugins } from './managed/managed-plugin.ts';
import { RemoteNetworkDriver } from './network-driver.ts';
import type { PluginAddress } from './plugin-address.ts';
import { type CallManner, type Patience, type PluginCaller, PluginClient } from './plugin-client.ts';
import { findPlugin, type PluginPlaces, pluginNames } from './plugin-directory.ts';
import { PluginAbsence, PluginSilence, PluginUnfit } from './plugin-error.ts';
import { RemoteVolumeDriver } from './volume-driver.ts';

/** What a plugin can say that it is. */
type PluginKind = 'NetworkDriver' | 'IpamDriver' | 'VolumeDriver' | 'authz';

/** How somebody waits for a plugin. */
export interface PluginWait {
  /** Whether one that does not open the door is tried again; absent means true. */
  readonly patient?: boolean;
  /** Gives up waiting for it, and every call that is made to it then. */
  readonly signal?: AbortSignal | undefined;
}

/** How long who needs no plugin in particular waits for one to open the door. */
const IN_PASSING: Patience = { connecting: 0, answering: 5 };

/** Words of a plugin's config for what other plugins say of themselves. */
const capabilityOf: Readonly<Record<PluginKind, string>> = {
  NetworkDriver: 'networkdriver',
  IpamDriver: 'ipamdriver',
  VolumeDriver: 'volumedriver',
  authz: 'authz',
};

/** Finds plugins by name, asks each once what it is, and remembers it. Those that the engine runs have said so already. */
export class PluginRegistry {
  readonly #places: PluginPlaces;
  readonly #managed: ManagedPlugins;
  readonly #patience: Patience;
  readonly #logger: Logger;
  readonly #active = new Map<string, ActivePlugin>();
  /** What plugins are being asked, by name, place and how long is waited for it. */
  readonly #asked = new Map<string, Promise<ActivePlugin>>();

  constructor(
    places: PluginPlaces,
    logger: Logger,
    {
      patience = { connecting: PATIENCE, answering: 60 },
      managed = noManagedPlugins,
    }: { readonly patience?: Patience; readonly managed?: ManagedPlugins } = {},
  ) {
    this.#places = places;
    this.#patience = patience;
    this.#managed = managed;
    this.#logger = logger;
  }

  /** A plugin's own name: with its tag for one that the engine runs, else as it is asked for. @throws PluginUnfit. */
  nameOf(name: string): string {
    return this.#managed.find(name)?.name ?? name;
  }

  /** @throws FairleadError `not-found` when there is none of that name, or it drives no networks. */
  async networkDriver(name: string, wait: PluginWait = {}): Promise<RemoteNetworkDriver> {
    return new RemoteNetworkDriver((await this.#get(name, 'NetworkDriver', wait)).caller);
  }

  /** @throws FairleadError `not-found` when there is none of that name, or it gives no addresses. */
  async ipamDriver(name: string, wait: PluginWait = {}): Promise<RemoteIpamDriver> {
    return new RemoteIpamDriver((await this.#get(name, 'IpamDriver', wait)).caller);
  }

  /** @throws FairleadError `not-found` when there is none of that name, or it drives no volumes. */
  async volumeDriver(name: string, wait: PluginWait = {}): Promise<RemoteVolumeDriver> {
    const { caller, managed } = await this.#get(name, 'VolumeDriver', wait);
    return new RemoteVolumeDriver(caller, managed?.pathOnHost);
  }

  /** @throws FairleadError `not-found` when there is none of that name, or it judges no requests. */
  async authorization(name: string): Promise<AuthorizationPlugin> {
    return new AuthorizationPlugin(name, (await this.#get(name, 'authz', {})).caller);
  }

  /** Names of all plugins that drive volumes. Those that do not open the door at once are left out. */
  async volumeDrivers(): Promise<string[]> {
    const kinds = async (name: string) => {
      try {
        return (await this.#activate(name, IN_PASSING)).kinds;
      } catch (error) {
        this.#logger.debug('plugin left out', { name, error: messageOf(error) });
        return [];
      }
    };
    const names = pluginNames(this.#places);
    const all = await Promise.all(names.map(kinds));
    const managed = this.#managed.running().filter(({ capabilities }) => capabilities.includes('volumedriver'));
    const others = names.filter((_, index) => all[index]?.includes('VolumeDriver'));
    return [...new Set([...managed.map(({ name }) => name), ...others])];
  }

  async #get(name: string, kind: PluginKind, { patient = true, signal }: PluginWait): Promise<FoundPlugin> {
    const patience = patient ? {} : { connecting: 0 };
    const managed = this.#managed.find(name);
    if (managed !== undefined) return { caller: this.#callerOf(managed, kind, { ...patience, signal }), managed };
    // Others may wait for the same first answer: that is not given up.
    const { client, kinds } = await unlessAborted(this.#activate(name, patience), signal);
    if (kinds.includes(kind)) {
      return { caller: { call: (method, body) => client.call(method, body, { ...patience, signal }) } };
    }
    const reason = 'Plugin does not implement the requested driver';
    throw new FairleadError(
      'not-found',
      `${reason}: plugin=${JSON.stringify(name)}, requested implementation=${JSON.stringify(kind)}`,
    );
  }

  /** @throws PluginUnfit in Docker's words. */
  #callerOf({ socket, timeout, capabilities }: ManagedPlugin, kind: PluginKind, manner: CallManner): PluginCaller {
    const wanted = capabilityOf[kind];
    if (!capabilities.includes(wanted)) {
      throw new PluginUnfit('internal', `plugin does not provide ${JSON.stringify(wanted)} capability`);
    }
    const patience = { ...this.#patience, ...(timeout > 0 && { answering: timeout }) };
    const client = new PluginClient({ kind: 'unix', path: socket }, patience, this.#logger);
    return { call: (method, body) => client.call(method, body, manner) };
  }

  async #activate(name: string, patience: Partial<Patience>): Promise<ActivePlugin> {
    const address = findPlugin(name, this.#places);
    if (address === undefined) {
      this.#active.delete(name);
      throw new PluginAbsence(name);
    }
    const known = this.#active.get(name);
    // Where it listens may have changed since.
    if (known?.place === JSON.stringify(address)) return known;
    // Who asks in passing does not wait for as long as somebody who needs it.
    const key = JSON.stringify([name, address, patience]);
    const asked = this.#asked.get(key) ?? this.#ask(name, address, patience).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return await asked;
  }

  async #ask(name: string, address: PluginAddress, patience: Partial<Patience>): Promise<ActivePlugin> {
    const client = new PluginClient(address, this.#patience, this.#logger);
    const answer = new Answer(await client.call('Plugin.Activate', undefined, patience));
    const plugin = { client, place: JSON.stringify(address), kinds: answer.texts('Implements') };
    this.#active.set(name, plugin);
    return plugin;
  }
}

interface FoundPlugin {
  readonly caller: PluginCaller;
  /** Present when the engine runs it. */
  readonly managed?: ManagedPlugin;
}

interface ActivePlugin {
  readonly client: PluginClient;
  readonly place: string;
  readonly kinds: readonly string[];
}

/** Wait for what others may wait for, too. @throws PluginSilence when the signal comes first. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise: given, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new PluginSilence('context canceled'));
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([work, given]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
