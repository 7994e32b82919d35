import type { RemoteIpamDriver, RemoteNetworkDriver } from '@fairlead/plugins';

/** Where plugins are had; `@fairlead/plugins` has the real one. */
export interface PluginPort {
  /**
   * @param patient whether one that does not open the door is tried again; absent means true.
   * @throws FairleadError `not-found` when there is none of that name.
   */
  networkDriver(name: string, patient?: boolean): Promise<RemoteNetworkDriver>;
  /** As {@link networkDriver}. */
  ipamDriver(name: string, patient?: boolean): Promise<RemoteIpamDriver>;
}

/** What the network model needs to work with plugins. */
export interface PluginAccess {
  /** Loaded with the first one that is needed. */
  readonly plugins: () => Promise<PluginPort>;
  /** Path of a pinned namespace, which plugins are told. */
  readonly namespacePath: (namespace: string) => string;
}
