import type { PluginWait, RemoteVolumeDriver } from '@fairlead/plugins';

/** Where volume plugins are had; `@fairlead/plugins` has the real one. */
export interface VolumePluginPort {
  /** What a plugin calls itself that is asked for by this name. */
  nameOf(name: string): string;
  /** @throws FairleadError `not-found` when there is none of that name. */
  volumeDriver(name: string, wait?: PluginWait): Promise<RemoteVolumeDriver>;
  /** Names of all that can be found and answer. */
  volumeDrivers(): Promise<readonly string[]>;
}
