import type { RemoteVolumeDriver } from '@fairlead/plugins';

/** Where volume plugins are had; `@fairlead/plugins` has the real one. */
export interface VolumePluginPort {
  /**
   * @param patient whether one that does not open the door is tried again; absent means true.
   * @throws FairleadError `not-found` when there is none of that name.
   */
  volumeDriver(name: string, patient?: boolean): Promise<RemoteVolumeDriver>;
  /** Names of all that can be found and answer. */
  volumeDrivers(): Promise<readonly string[]>;
}
