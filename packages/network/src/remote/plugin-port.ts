import type { PluginWait, RemoteIpamDriver, RemoteNetworkDriver } from '@fairlead/plugins';

/** Where plugins are had; `@fairlead/plugins` has the real one. */
export interface PluginPort {
  /** What a plugin calls itself that is asked for by this name. */
  nameOf(name: string): string;
  /** @throws FairleadError `not-found` when there is none of that name. */
  networkDriver(name: string, wait?: PluginWait): Promise<RemoteNetworkDriver>;
  /** As {@link networkDriver}. */
  ipamDriver(name: string, wait?: PluginWait): Promise<RemoteIpamDriver>;
}

/** What the network model needs to work with plugins. */
export interface PluginAccess {
  /** Loaded with the first one that is needed. */
  readonly plugins: () => Promise<PluginPort>;
  /** Path of a pinned namespace, which plugins are told. */
  readonly namespacePath: (namespace: string) => string;
}
