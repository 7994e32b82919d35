import type { Volume } from './volume-model.ts';

/** A volume that is asked for. */
export interface VolumeRequest {
  /** Empty asks for an anonymous one. */
  readonly name: string;
  /** Empty means `local`. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** A volume together with who uses it. */
export interface VolumeView {
  readonly volume: Volume;
  /** Absolute path of its content. */
  readonly mountpoint: string;
  /** Ids of the containers that have it, running or not. */
  readonly users: readonly string[];
  /** What its plugin says of it; absent for a volume of the engine's own. */
  readonly remote?: RemoteVolumeDetails;
}

/** What a plugin says of one of its volumes. */
export interface RemoteVolumeDetails {
  /** Whether other hosts have it, too. */
  readonly scope: 'local' | 'global';
  /** Milliseconds since the epoch; absent when it does not say. */
  readonly created?: number;
  /** Whatever it wants to be seen; only when one volume was asked for. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** Volumes: content that outlives containers. */
export interface VolumeService {
  /** One that exists is given back as it is. */
  create(request: VolumeRequest): Promise<VolumeView>;
  /** @throws FairleadError `conflict` while a container has it. */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  inspect(name: string): Promise<VolumeView>;
  /** All volumes, those among them that only plugins know of; warnings tell of plugins that do not. */
  list(): Promise<{ readonly volumes: readonly VolumeView[]; readonly warnings: readonly string[] }>;
  /** Those of the engine's own driver. */
  local(): readonly VolumeView[];
  /** Names of the drivers that are known by now. */
  drivers(): readonly string[];
  /** Bytes of a local volume's content. */
  size(name: string): Promise<number>;
}
